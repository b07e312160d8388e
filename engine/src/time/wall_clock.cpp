// SPDX-License-Identifier: BSL-1.0
#include "time/wall_clock.hpp"

namespace vmtask::detail {

using namespace std::chrono_literals;

clock_offset system_clock_offset() noexcept
{
    const auto before = std::chrono::steady_clock::now();
    const auto system = std::chrono::system_clock::now();
    const auto doubt = std::chrono::steady_clock::now() - before;
    return {system.time_since_epoch() - (before + doubt / 2).time_since_epoch(), doubt};
}

clock_reading wall_clock::read() const noexcept
{
    const auto [ahead, doubt] = source_.load(std::memory_order_relaxed)();
    const steady_time::duration last(told_by_.load(std::memory_order_relaxed));
    // The two clocks are not read at one instant. What may come of that alone is
    // not followed: a task is told to have begun at the same time whenever asked.
    if (last != not_read_yet && std::chrono::abs(ahead - last) <= 1ms + doubt) return clock_reading(last);
    told_by_.store(ahead.count(), std::memory_order_relaxed);
    return clock_reading(ahead);
}

} // namespace vmtask::detail
