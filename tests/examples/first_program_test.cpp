// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "support/vhd/program.hpp"

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

using namespace vmtask::test;

namespace {

std::string read_file(const std::string& name)
{
    std::ifstream file(SOURCE_FOLDER "/" + name);
    std::ostringstream text;
    text << file.rdbuf();
    REQUIRE(file);
    return text.str();
}

/// The README's fenced blocks, without the fences.
std::vector<std::string> blocks_of(const std::string& markdown)
{
    std::vector<std::string> blocks;
    bool inside = false;
    std::istringstream lines(markdown);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("```")) {
            inside = !inside;
            if (inside) blocks.emplace_back();
        } else if (inside) {
            blocks.back() += line + '\n';
        }
    }
    return blocks;
}

bool is_output_of_the_program(const std::string& text)
{
    return std::regex_match(text, std::regex("(\\d\\d? %\n)*the sum is 5050\n"));
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
    const std::vector<std::string> blocks = blocks_of(read_file("README.md"));
    const std::string source = read_file("examples/first_program.cpp");
    const std::string program_text = source.substr(source.find('\n') + 1); // without the licence

    const auto shown = std::find(blocks.begin(), blocks.end(), program_text);
    REQUIRE(shown != blocks.end());
    REQUIRE(shown + 1 != blocks.end());
    CHECK(is_output_of_the_program(*(shown + 1)));
}
