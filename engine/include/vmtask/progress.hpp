// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>

namespace vmtask {

/// What a task said last about its progress: advice for people, never a proof
/// that the task has ended.
struct progress_snapshot {
    /// 0 to 1; never falls, and is 1 only when the task has succeeded.
    double fraction = 0;
    /// Work done so far, in `unit`s; 0 when the task reports a fraction only.
    std::uint64_t done = 0;
    /// All the work, in `unit`s; 0 when unknown.
    std::uint64_t total = 0;
    /// What `done` and `total` count, such as "bytes"; may be empty.
    std::string unit;
    /// What the task is doing now; may be empty.
    std::string step;
};

} // namespace vmtask
