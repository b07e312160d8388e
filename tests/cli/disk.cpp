// SPDX-License-Identifier: BSL-1.0

#include "disk.hpp"

#include <vmtask/vhd/create_file.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/image.hpp>

#include "support/vhd/guest.hpp"

#include <cstdint>

namespace vmtask::test {

namespace {

constexpr std::uint32_t block_size = 512 << 10;
constexpr std::uint32_t blocks = 16;
constexpr std::uint32_t blocks_written = 12;

} // namespace

void make_worn_disk(const std::string& path)
{
    vhd::create_options options;
    options.size_bytes = std::uint64_t{blocks} * block_size;
    options.block_size_bytes = block_size;
    (void)vhd::create_file(path, options);

    vhd::file_store store(path, vhd::file_access::write);
    vhd::image disk(store);
    const std::vector<std::byte> zeros(block_size);
    for (std::uint32_t block = 0; block < blocks_written; ++block)
        disk.write(std::uint64_t{block} * block_size, block % 3 == 2 ? noise(block_size, block) : zeros);
    disk.flush();
}

std::vector<std::byte> guest_data(const std::string& path)
{
    vhd::file_store store(path, vhd::file_access::read);
    return contents(store);
}

} // namespace vmtask::test
