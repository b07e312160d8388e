// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "harness/effort.hpp"
#include "harness/program.hpp"

#include <optional>
#include <set>
#include <string>

namespace vmtask::benchmark {

/// What the command line says.
struct options {
    std::size_t rounds = 7;
    std::set<int> rows; // empty: all
    effort how_much = full;
    std::string json_file; // empty: none
    std::string revision;  // of the sources, to be shown; empty: unknown
    std::string run;       // a contender to run alone, in this process
    bool list = false;
};

/// Returns the exit code instead when the program is to end at once.
[[nodiscard]] std::optional<int> read_options(const program& described, int argc, char** argv, options& read);

} // namespace vmtask::benchmark
