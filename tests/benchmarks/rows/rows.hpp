// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "harness/plan.hpp"

namespace vmtask::benchmark {

[[nodiscard]] group throughput();                       // rows 1 to 4
[[nodiscard]] group fan_out();                          // row 5
[[nodiscard]] group round_trip();                       // rows 6 and 7
[[nodiscard]] group lateness();                         // row 8
[[nodiscard]] group delivery();                         // row 9
[[nodiscard]] group giving_up();                        // row 10
[[nodiscard]] group outstanding(const effort& planned); // row 11
[[nodiscard]] group memory();                           // row 12
[[nodiscard]] group allocations();                      // row 13
[[nodiscard]] group looking();                          // row 14
[[nodiscard]] group idleness();                         // row 15
[[nodiscard]] group many_posters();                     // row 16
[[nodiscard]] group resource_keys();                    // row 17
[[nodiscard]] group growth(const effort& planned);      // row 18

/// All of them. What some lines are about depends on how much is planned.
[[nodiscard]] inline plan all_rows(const effort& planned)
{
    return {throughput(),         fan_out(),      round_trip(),  lateness(), delivery(), giving_up(),
            outstanding(planned), memory(),       allocations(), looking(),  idleness(), many_posters(),
            resource_keys(),      growth(planned)};
}

} // namespace vmtask::benchmark
