// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "spin.hpp"

#include <vmtask/detail/deadline.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace vmtask::detail {

/// Looks again and again for a while before a thread goes to sleep, as long as
/// that pays: putting a thread to sleep and waking it takes longer than a short
/// task. Whether it pays is learnt from how long the waits before took, asleep
/// or not, so those who wait for long tasks soon spin no more.
///
/// Thread safety: all members.
class adaptive_spin {
public:
    /// True as soon as `done()` is. False when `deadline` or some tens of
    /// microseconds have passed since `begun`; at once where it does not pay.
    template <class Predicate>
    [[nodiscard]] bool until(Predicate done, steady_time begun, steady_time deadline = deadline_never) const noexcept
    {
        if (!pays()) return false;
        const steady_time end = std::min(begun + longest, deadline);
        do {
            if (spin_until(done)) return true;
        } while (std::chrono::steady_clock::now() < end);
        return false;
    }

    /// Learns from a wait that has ended, however it did.
    void note(steady_time::duration waited) noexcept
    {
        using std::chrono::duration_cast;
        const auto counted = std::min<steady_time::duration>(waited, 4 * longest);
        const auto wait = static_cast<std::int32_t>(duration_cast<std::chrono::nanoseconds>(counted).count());
        // Updates lost to other threads do not matter.
        const std::int32_t before = average_.load(std::memory_order_relaxed);
        average_.store(before + (wait - before) / 8, std::memory_order_relaxed);
    }

private:
    static constexpr std::chrono::microseconds longest{50};

    [[nodiscard]] bool pays() const noexcept
    {
        constexpr std::chrono::nanoseconds most = longest;
        return average_.load(std::memory_order_relaxed) < most.count() && has_several_processors();
    }

    std::atomic<std::int32_t> average_{0}; // of the last waits, in nanoseconds
};

} // namespace vmtask::detail
