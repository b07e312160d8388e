// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/retry_policy.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace vmtask::detail {

/// How long to wait after `failed` attempts; `luck` is a random number from 0
/// to 1.
[[nodiscard]] inline std::chrono::steady_clock::duration delay_after(const retry_policy& policy, int failed,
                                                                     double luck) noexcept
{
    using seconds = std::chrono::duration<double>;
    if (policy.first_delay <= std::chrono::steady_clock::duration::zero()) return {};
    // Written so that what is not a number counts as not said.
    const double growth = policy.growth > 1 ? policy.growth : 1.0;
    const double jitter = policy.jitter > 0 ? std::min(policy.jitter, 1.0) : 0.0;
    // May be infinite, and is bounded after that.
    const double grown = seconds(policy.first_delay).count() * std::pow(growth, failed - 1);
    const double longest = std::max(seconds(policy.longest_delay), seconds(policy.first_delay)).count();
    const double bounded = std::min(grown, longest);
    const double varied = bounded * (1 + jitter * (2 * luck - 1));
    constexpr double most = 1e9; // a clock of nanoseconds ends at nine times that
    return std::chrono::duration_cast<std::chrono::steady_clock::duration>(seconds(std::min(varied, most)));
}

} // namespace vmtask::detail
