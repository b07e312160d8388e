// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "harness/verdict.hpp"

#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace vmtask::benchmark {

/// All there is to tell about one run of the program.
struct report {
    std::vector<std::pair<std::string, std::string>> surroundings;
    std::size_t rounds;
    std::vector<verdict> verdicts;
};

/// As a table in Markdown, to be read as it is.
void print_table(std::ostream& out, const report& told);

/// The same with every single sample.
void write_json(std::ostream& out, const report& told);

} // namespace vmtask::benchmark
