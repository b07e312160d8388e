// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
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

    // How fast it gets on, measured between the calls that ask for the
    // progress: the last ten seconds of these, or since the call before.

    /// Units done in a second, while the task runs; 0 when nothing moved.
    /// Unknown until asked twice, a second apart, since the same unit counts.
    std::optional<double> units_per_second;
    /// How long the rest takes at that speed, by the fraction. Unknown until
    /// asked twice, a second apart, while nothing moves, and unless the task
    /// runs; 0 when it has succeeded. Never negative, nor over a year.
    std::optional<std::chrono::milliseconds> time_left;
};

} // namespace vmtask
