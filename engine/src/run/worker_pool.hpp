// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/adaptive_spin.hpp"
#include "base/deadline_entry.hpp"
#include "base/handler_memory.hpp"
#include "base/ranked_mutex.hpp"
#include "base/thread_group.hpp"

#include <vmtask/metrics.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace vmtask::detail {

class scheduler;
class timer_loop;

/// The workers: threads on an io_context that take tasks from the scheduler.
///
/// A worker that is woken makes one turn: it runs tasks until none is left, or
/// until other handlers of the io_context are due, and then posts itself anew.
/// So the io_context is asked once per turn, not once per task.
///
/// Thread safety: all members.
class worker_pool {
public:
    struct numbers {
        std::size_t workers;
        std::size_t spare_workers; // at most
        std::chrono::steady_clock::duration spare_idle;
    };
    worker_pool(engine_core& core, scheduler& scheduler, timer_loop& timers, const numbers& threads,
                thread_group::exception_handler on_exception);

    void start();
    [[nodiscard]] thread_group& threads() noexcept { return threads_; }

    /// Sees to it that somebody takes the tasks on the scheduler. Called after a
    /// task was put there.
    void notify() noexcept;

    /// Runs a task on the calling worker, whose own body waits for it, if it is
    /// queued for a worker and nothing keeps it from beginning.
    void run_here(task_record& queued, engine_thread& self);

    /// A worker is about to block in a wait: has a spare one take its place.
    /// False when no worker would be left. While the engine ends it needs none:
    /// all tasks have ended, and it is a handler that waits.
    [[nodiscard]] bool begin_blocking() noexcept;
    void end_blocking() noexcept;

    void read_counters(metrics_snapshot& into) const;

private:
    class turn;

    /// Looks now and then for spare workers that nobody needed lately.
    class idle_watch final : public deadline_entry {
    public:
        explicit idle_watch(worker_pool& pool) noexcept : deadline_entry(deadline_never), pool_(pool) {}
        void arm_locked(steady_time when) noexcept;
        bool armed = false;

    private:
        bool claim_expiry() noexcept override { return true; }
        void expire() noexcept override { pool_.look_for_idle_spares(); }
        worker_pool& pool_;
    };

    void post_turn() noexcept;
    void take_turn();
    void run_turn(engine_thread& self);
    void end_turn() noexcept;
    void end_idleness(engine_thread& self) noexcept;
    [[nodiscard]] bool find_work(engine_thread& self) noexcept;
    [[nodiscard]] bool search(engine_thread& self) noexcept;
    [[nodiscard]] bool tidy_up() noexcept;
    [[nodiscard]] bool leave_if_too_many() noexcept;
    void add_spare_worker_locked() noexcept VMTASK_REQUIRES(mutex_);
    [[nodiscard]] std::size_t wanted_locked(std::size_t blocked) const noexcept VMTASK_REQUIRES(mutex_);
    void watch_spares_locked() noexcept VMTASK_REQUIRES(mutex_);
    void look_for_idle_spares() noexcept;
    void ask_spare_to_leave_locked() noexcept VMTASK_REQUIRES(mutex_);
    void leave_if_spare();
    void allow_turns_locked() noexcept VMTASK_REQUIRES(mutex_);

    scheduler& scheduler_;
    timer_loop& timers_;
    const numbers size_;
    handler_memory memory_;
    thread_group threads_;

    alignas(64) std::atomic<std::size_t> active_{0}; // turns posted or running
    std::atomic<std::size_t> searching_{0};          // of these, those about to look at the scheduler again
    std::atomic<std::size_t> allowed_;               // turns at most
    adaptive_spin spin_;

    mutable ranked_mutex<lock_rank::worker_pool, std::mutex> mutex_;
    idle_watch idle_watch_{*this};
    std::size_t blocked_ VMTASK_GUARDED_BY(mutex_) = 0;
    std::size_t most_blocked_ VMTASK_GUARDED_BY(mutex_) = 0; // at once, since the watch has looked
    std::size_t kept_ VMTASK_GUARDED_BY(mutex_) = 0;         // workers that may stay, as it saw it
    std::uint64_t spares_started_ VMTASK_GUARDED_BY(mutex_) = 0;
    std::uint64_t waits_compensated_ VMTASK_GUARDED_BY(mutex_) = 0;
};

} // namespace vmtask::detail
