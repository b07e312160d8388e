// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "time/coarse_clock.hpp"

#include <chrono>
#include <thread>

namespace vmtask::test {

/// Returns when the clock from which the engine tells people's time has gone on
/// by that much. It goes by ticks, which a busy machine may delay.
inline void let_time_pass(detail::steady_time::duration time)
{
    const auto begin = detail::coarse_now();
    while (detail::coarse_now() - begin < time) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

} // namespace vmtask::test
