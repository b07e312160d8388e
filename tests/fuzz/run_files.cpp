// SPDX-License-Identifier: BSL-1.0

// For compilers without a fuzzer: runs each file that it is given.

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv)
{
    for (const char* const path : std::span(argv, static_cast<std::size_t>(argc)).subspan(1)) {
        std::ifstream file(path, std::ios::binary);
        if (!file) {
            std::cerr << path << ": cannot be opened\n";
            return 1;
        }
        const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
        std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
        (void)LLVMFuzzerTestOneInput(input.data(), input.size());
    }
    return 0;
}
