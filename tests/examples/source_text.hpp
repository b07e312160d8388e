// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/catch.hpp"

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace vmtask::test {

/// A file of the project.
inline std::string read_source(const std::string& name)
{
    std::ifstream file(SOURCE_FOLDER "/" + name);
    std::ostringstream text;
    text << file.rdbuf();
    REQUIRE(file);
    return text.str();
}

/// A page's fenced blocks, without the fences; those of one language, or all.
inline std::vector<std::string> blocks_of(const std::string& markdown, std::string_view language = "")
{
    std::vector<std::string> blocks;
    bool is_inside = false;
    bool is_wanted = false;
    std::istringstream lines(markdown);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("```")) {
            is_inside = !is_inside;
            is_wanted = is_inside && (language.empty() || line.substr(3) == language);
            if (is_wanted) blocks.emplace_back();
        } else if (is_wanted) {
            blocks.back() += line + '\n';
        }
    }
    return blocks;
}

} // namespace vmtask::test
