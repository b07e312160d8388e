// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/deadline.hpp>

#include <chrono>

namespace vmtask::detail {

/// Tells people's time of the steady clock's. Asked for once, so that times of
/// one engine keep their order when somebody sets the system's clock.
class wall_clock {
public:
    using time_point = std::chrono::system_clock::time_point;

    [[nodiscard]] time_point of(steady_time time) const noexcept
    {
        return time_point(std::chrono::duration_cast<time_point::duration>(time.time_since_epoch() + offset_));
    }

private:
    const steady_time::duration offset_ =
        std::chrono::system_clock::now().time_since_epoch() - std::chrono::steady_clock::now().time_since_epoch();
};

} // namespace vmtask::detail
