// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace vmtask::c_api {

/// What the clock can add to now; more is as good as for ever.
[[nodiscard]] inline std::chrono::steady_clock::duration duration_of(std::int64_t milliseconds) noexcept
{
    constexpr std::chrono::milliseconds for_ever = std::chrono::years(100);
    return std::clamp(std::chrono::milliseconds(milliseconds), -for_ever, for_ever);
}

} // namespace vmtask::c_api
