// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "harness/plan.hpp"

#include <functional>
#include <string>

namespace vmtask::benchmark {

/// A program that compares ours with its peers.
struct program {
    std::string name;
    std::string purpose; // for --help
    int last_row;
    /// All rows; what some lines are about depends on how much is planned.
    std::function<plan(const effort& planned)> rows;
};

/// What main() does. Returns 0 when everything was run, whatever came out; 1
/// when something could not be run to its end; 2 on bad usage.
[[nodiscard]] int run_program(const program& described, int argc, char** argv);

} // namespace vmtask::benchmark
