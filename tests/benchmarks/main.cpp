// SPDX-License-Identifier: BSL-1.0
//
// What a task costs, beside what its peers cost. See README.md.

#include "harness/program.hpp"
#include "rows/rows.hpp"

int main(int argc, char** argv)
{
    return vmtask::benchmark::run_program(
        {.name = "vmtask_benchmarks",
         .purpose = "Compares what a task costs with what its peers cost, side by side.",
         .last_row = 18,
         .rows = vmtask::benchmark::all_rows},
        argc, argv);
}
