// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "record/task_record.hpp"
#include "run/intake.hpp"
#include "run/priority_queue.hpp"

#include <atomic>
#include <chrono>

namespace vmtask::detail {

/// The tasks that are queued for a worker, in the order in which they begin. Those
/// that were just posted are in the intake still, from where a worker takes them;
/// only who wants to see or to remove queued tasks moves them all here first.
///
/// Thread safety: none, but for has_queued(); the scheduler's lock guards it.
class run_queue {
public:
    run_queue(intake& from, std::chrono::steady_clock::duration aging) noexcept : intake_(from), queue_(aging) {}

    void push(task_record& ready) noexcept
    {
        enqueue(ready);
        is_empty_.store(false, std::memory_order_seq_cst);
    }
    void take_out(task_record& queued) noexcept;
    void set_priority(task_record& queued, task_priority priority) noexcept;

    /// The next one; null when there is none. `settle(task_record&)` is called for
    /// each that comes out of the intake.
    template <class Settle>
    [[nodiscard]] task_record* pop(Settle settle) noexcept
    {
        // What is in the intake has the priority that most tasks have; only others
        // could come before or after it out of turn.
        if (!queue_.has_only_normal() && !intake_.empty()) take_in(settle);
        if (task_record* const queued = pop_queued()) return queued;
        task_record* const posted = intake_.pop();
        if (posted) settle(*posted);
        return posted;
    }
    /// Moves all that has been posted here.
    template <class Settle>
    void take_in(Settle settle) noexcept
    {
        if (!intake_.has_any()) return;
        expect_tasks();
        intake_.drain([&](task_record& posted) {
            settle(posted);
            enqueue(posted);
        });
    }
    /// The same of one; false when none is there.
    template <class Settle>
    [[nodiscard]] bool take_one_in(Settle settle) noexcept
    {
        expect_tasks();
        task_record* const posted = intake_.pop();
        if (posted) {
            settle(*posted);
            enqueue(*posted);
        }
        is_empty_.store(queue_.empty(), std::memory_order_seq_cst);
        return posted != nullptr;
    }

    [[nodiscard]] bool empty() const noexcept { return queue_.empty() && intake_.empty(); }
    /// Without the lock: a hint, exact for tasks submitted before.
    [[nodiscard]] bool has_queued() const noexcept
    {
        return !intake_.empty() || !is_empty_.load(std::memory_order_seq_cst);
    }

private:
    // Before a task leaves the intake: else it would be in neither for a moment, and a
    // worker that looks just then would go to sleep, whom nobody wakes.
    void expect_tasks() noexcept { is_empty_.store(false, std::memory_order_seq_cst); }
    void enqueue(task_record& ready) noexcept;
    [[nodiscard]] task_record* pop_queued() noexcept;

    intake& intake_;
    alignas(64) std::atomic<bool> is_empty_{true};
    priority_queue queue_;
};

} // namespace vmtask::detail
