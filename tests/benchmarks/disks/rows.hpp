// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "harness/plan.hpp"

namespace vmtask::benchmark {

[[nodiscard]] group compact();        // rows 1 to 3
[[nodiscard]] group zero_detection(); // row 4
[[nodiscard]] group convert();        // row 5
[[nodiscard]] group merge();          // row 6
[[nodiscard]] group create();         // row 7
[[nodiscard]] group open_and_check(); // row 8
[[nodiscard]] group peak_memory();    // row 9

/// All of them.
[[nodiscard]] inline plan all_disk_rows(const effort& /*planned*/)
{
    return {compact(), zero_detection(), convert(), merge(), create(), open_and_check(), peak_memory()};
}

} // namespace vmtask::benchmark
