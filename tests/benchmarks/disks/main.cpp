// SPDX-License-Identifier: BSL-1.0
//
// What work on disks takes, beside other programs that do such work. See
// README.md in the folder above.

#include "disks/rows.hpp"
#include "harness/program.hpp"

int main(int argc, char** argv)
{
    return vmtask::benchmark::run_program(
        {.name = "vmtask_disk_benchmarks",
         .purpose = "Compares what work on disks takes with what other programs take, side by side.\n"
                    "Makes its disks in a folder of its own under TMPDIR, of which what is flushed there depends.",
         .last_row = 9,
         .rows = vmtask::benchmark::all_disk_rows},
        argc, argv);
}
