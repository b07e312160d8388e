// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>

namespace vmtask::detail {

using steady_time = std::chrono::steady_clock::time_point;

/// The deadline of a wait that only looks.
inline constexpr steady_time deadline_now = steady_time::min();
/// The deadline of a wait without limit.
inline constexpr steady_time deadline_never = steady_time::max();

/// The point of time `timeout` from now: deadline_now for zero, less, or not a
/// number; deadline_never for whatever the clock cannot express.
template <class Rep, class Period>
[[nodiscard]] steady_time deadline_after(std::chrono::duration<Rep, Period> timeout)
{
    // Compared in floating point: converting hours::max() to the clock's
    // nanoseconds would wrap into the past and time out at once.
    using seconds = std::chrono::duration<long double>;
    const seconds wanted = timeout;
    if (!(wanted > seconds::zero())) return deadline_now;
    const steady_time now = std::chrono::steady_clock::now();
    if (wanted >= seconds(deadline_never - now)) return deadline_never;
    return now + std::chrono::ceil<steady_time::duration>(timeout);
}

/// The duration in the clock's unit; the longest there is for what the clock
/// cannot express.
template <class Rep, class Period>
[[nodiscard]] constexpr steady_time::duration saturated(std::chrono::duration<Rep, Period> given)
{
    using seconds = std::chrono::duration<long double>;
    if (seconds(given) >= seconds(steady_time::duration::max())) return steady_time::duration::max();
    if (seconds(given) <= seconds(steady_time::duration::min())) return steady_time::duration::min();
    return std::chrono::ceil<steady_time::duration>(given);
}

} // namespace vmtask::detail
