// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/deadline.hpp>

#include <chrono>

#include <time.h>

namespace vmtask::detail {

/// steady_clock's time to the last tick of the kernel, a few milliseconds:
/// enough for what people read, and every task asks for it.
[[nodiscard]] inline steady_time coarse_now() noexcept
{
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return steady_time(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

} // namespace vmtask::detail
