// SPDX-License-Identifier: BSL-1.0

#include "source_text.hpp"

#include "support/catch.hpp"
#include "support/vhd/program.hpp"

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

using namespace vmtask::test;

namespace {

bool is_output_of_the_program(const std::string& text)
{
    // The last look may find it done.
    return std::regex_match(text, std::regex("(\\d\\d?\\d? %\n)*the sum is 5050\n"));
}

} // namespace

TEST_CASE("the first program shows progress and its result", "[examples]")
{
    const outcome run_once = run({EXAMPLE_first_program});

    CHECK(run_once.code == 0);
    CHECK(is_output_of_the_program(run_once.output));
}

TEST_CASE("the README shows the first program and what it prints", "[examples][readme]")
{
    const std::vector<std::string> blocks = blocks_of(read_source("README.md"));
    const std::string source = read_source("examples/first_program.cpp");
    const std::string program_text = source.substr(source.find('\n') + 1); // without the licence

    const auto shown = std::find(blocks.begin(), blocks.end(), program_text);
    REQUIRE(shown != blocks.end());
    REQUIRE(shown + 1 != blocks.end());
    CHECK(is_output_of_the_program(*(shown + 1)));
}
