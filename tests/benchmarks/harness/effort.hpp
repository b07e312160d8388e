// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace vmtask::benchmark {

/// How much each contender does in one round.
struct effort {
    /// Tasks, waits or posted functions in a batch.
    std::size_t tasks;
    /// Repetitions of what is done one at a time.
    std::size_t round_trips;
    /// Time-outs whose lateness is measured, each of 50 ms.
    std::size_t time_outs;
    /// Looks at a task, progress reports and the like.
    std::size_t looks;
    /// Size of a disk whose blocks all have a place.
    std::uint64_t disk_bytes;
    /// How long the idle engine is watched.
    std::chrono::milliseconds idle;
};

/// What the targets are about.
inline constexpr effort full{1'000'000, 20'000, 60, 20'000'000, std::uint64_t{4} << 30, std::chrono::seconds(10)};
/// Enough to see a trend in a minute or two.
inline constexpr effort quick{100'000, 5'000, 15, 2'000'000, std::uint64_t{512} << 20, std::chrono::seconds(2)};
/// Shows that everything works, and measures nothing.
inline constexpr effort smoke{2'000, 50, 2, 2'000, std::uint64_t{16} << 20, std::chrono::milliseconds(100)};

} // namespace vmtask::benchmark
