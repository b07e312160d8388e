// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/ranked_mutex.hpp"
#include "tell/duration_counter.hpp"

#include <vmtask/metrics.hpp>
#include <vmtask/task_state.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace vmtask::detail {

/// What the scheduler counts for metrics, since it has the lock anyway: a few
/// additions for each task.
///
/// Thread safety: none; the scheduler's lock guards it.
struct task_counters {
    std::uint64_t withdrawn = 0;
    std::uint64_t requeued = 0;
    std::uint64_t evicted = 0;
    std::array<std::uint64_t, 3> ended{}; // by state, in the order of task_state
    duration_counter queued;
    duration_counter run;

    void count_end(task_state terminal) noexcept { ++ended[index_of(terminal)]; }

    void read(metrics_snapshot& into) const noexcept
    {
        into.tasks_succeeded = ended[index_of(task_state::succeeded)];
        into.tasks_failed = ended[index_of(task_state::failed)];
        into.tasks_cancelled = ended[index_of(task_state::cancelled)];
        into.posts_withdrawn = withdrawn;
        into.attempts_repeated = requeued;
        into.tasks_evicted = evicted;
        into.queued = queued.read();
        into.run = run.read();
    }

private:
    [[nodiscard]] static std::size_t index_of(task_state terminal) noexcept
    {
        return static_cast<std::size_t>(terminal) - static_cast<std::size_t>(task_state::succeeded);
    }
};

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
