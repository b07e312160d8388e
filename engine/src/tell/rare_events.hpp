// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tell/duration_counter.hpp"

#include <vmtask/detail/ranked_mutex.hpp>
#include <vmtask/metrics.hpp>

#include <cstdint>
#include <mutex>

namespace vmtask::detail {

/// Counts what happens too seldom to be counted under another's lock.
///
/// Thread safety: all members.
class rare_events {
public:
    void count_refused_wait() noexcept
    {
        const mutex_guard lock(mutex_);
        ++waits_refused_;
    }

    /// A task has ended that was asked to cancel so long before.
    void count_cancel(duration_counter::duration latency) noexcept
    {
        const mutex_guard lock(mutex_);
        cancel_.add(latency);
    }

    void read(metrics_snapshot& into) const
    {
        const mutex_guard lock(mutex_);
        into.waits_refused = waits_refused_;
        into.cancel = cancel_.read();
    }

private:
    mutable ranked_mutex<lock_rank::rare_events, std::mutex> mutex_;
    std::uint64_t waits_refused_ VMTASK_GUARDED_BY(mutex_) = 0;
    duration_counter cancel_ VMTASK_GUARDED_BY(mutex_);
};

} // namespace vmtask::detail
