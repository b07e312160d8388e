// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/spin.hpp"

#include <vmtask/detail/deadline.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace vmtask::detail {

/// Looks again and again for a while before a thread goes to sleep, as long as
/// that pays: putting a thread to sleep and waking it takes longer than a short
/// task. Whether it pays is learnt from how long the waits before took, asleep
/// or not, so those who wait for long tasks soon spin no more. Nor does it pay
/// where threads outnumber processors: one that is preempted while it spins
/// waits longer for its next turn than one that slept.
///
/// Thread safety: all members.
class adaptive_spin {
public:
    /// True as soon as `done()` is. False when `deadline` or some tens of
    /// microseconds have passed since `begun`; at once where it does not pay.
    template <class Predicate>
    [[nodiscard]] bool until(Predicate done, steady_time begun, steady_time deadline = deadline_never) noexcept
    {
        if (!pays()) return false;
        const steady_time end = std::min(begun + longest, deadline);
        steady_time before = begun;
        while (before < end) {
            const bool is_done = spin_until(done);
            const steady_time now = std::chrono::steady_clock::now();
            if (now - before > longest) paused_for_.store(pause_after_preemption, std::memory_order_relaxed);
            if (is_done) return true;
            before = now;
        }
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
    static constexpr std::int32_t pause_after_preemption = 1000;

    [[nodiscard]] bool pays() noexcept
    {
        const std::int32_t paused_for = paused_for_.load(std::memory_order_relaxed);
        if (paused_for > 0) {
            paused_for_.store(paused_for - 1, std::memory_order_relaxed);
            return false;
        }
        constexpr std::chrono::nanoseconds most = longest;
        return average_.load(std::memory_order_relaxed) < most.count() && has_several_processors();
    }

    std::atomic<std::int32_t> average_{0};    // of the last waits, in nanoseconds
    std::atomic<std::int32_t> paused_for_{0}; // waits before it is tried again
};

} // namespace vmtask::detail
