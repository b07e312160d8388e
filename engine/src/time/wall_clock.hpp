// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/deadline.hpp>

#include <atomic>
#include <chrono>

namespace vmtask::detail {

/// How far the system's clock is ahead of the steady one, as read from both.
struct clock_offset {
    steady_time::duration ahead;
    steady_time::duration doubt; // how long the reading took
};

[[nodiscard]] clock_offset system_clock_offset() noexcept;

/// What all times of one answer are told by, so that their order holds.
class clock_reading {
public:
    using time_point = std::chrono::system_clock::time_point;

    explicit clock_reading(steady_time::duration ahead) noexcept : ahead_(ahead) {}
    [[nodiscard]] time_point of(steady_time time) const noexcept
    {
        return time_point(std::chrono::duration_cast<time_point::duration>(time.time_since_epoch() + ahead_));
    }

private:
    steady_time::duration ahead_;
};

/// Tells people's time of the steady clock's, by the system's clock as it is set
/// when asked.
///
/// Thread safety: all members.
class wall_clock {
public:
    using offset_source = clock_offset (*)() noexcept;

    [[nodiscard]] clock_reading read() const noexcept;
    /// For tests, which do not set the system's clock.
    void take_offset_from(offset_source source) noexcept { source_.store(source, std::memory_order_relaxed); }

private:
    static constexpr steady_time::duration not_read_yet = steady_time::duration::min();

    std::atomic<offset_source> source_{&system_clock_offset};
    mutable std::atomic<steady_time::rep> told_by_{not_read_yet.count()};
};

} // namespace vmtask::detail
