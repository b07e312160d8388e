// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "adaptive_spin.hpp"
#include "handler_memory.hpp"
#include "thread_group.hpp"

#include <vmtask/detail/ranked_mutex.hpp>
#include <vmtask/metrics.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace vmtask::detail {

class task_board;

/// The workers: threads on an io_context that take tasks from the board.
///
/// A worker that is woken makes one turn: it runs tasks until none is left, or
/// until other handlers of the io_context are due, and then posts itself anew.
/// So the io_context is asked once per turn, not once per task.
///
/// Thread safety: all members, but for stop(), which comes last.
class worker_pool {
public:
    worker_pool(engine_core& core, task_board& board, std::size_t worker_count, std::size_t spare_workers,
                thread_group::exception_handler on_exception);

    void start();
    void stop() { threads_.stop(); }

    [[nodiscard]] asio::io_context& context() noexcept { return threads_.context(); }

    /// Sees to it that somebody takes the tasks on the board. Called after a
    /// task was put there.
    void notify() noexcept;

    /// Runs a task on the calling worker, whose own body waits for it, if it is
    /// queued for a worker and nothing keeps it from beginning.
    void run_here(task_record& queued, engine_thread& self);

    /// A worker is about to block in a wait: has a spare one take its place.
    /// False when no worker would be left.
    [[nodiscard]] bool begin_blocking() noexcept;
    void end_blocking() noexcept;

    void read_counters(metrics_snapshot& into) const;

private:
    void post_turn() noexcept;
    void take_turn() noexcept;
    void end_idleness(engine_thread& self) noexcept;
    [[nodiscard]] bool find_work(engine_thread& self) noexcept;
    [[nodiscard]] bool search(engine_thread& self) noexcept;
    [[nodiscard]] bool tidy_up() noexcept;
    [[nodiscard]] bool leave_if_too_many() noexcept;
    void add_spare_worker_locked() noexcept VMTASK_REQUIRES(mutex_);
    void allow_turns_locked() noexcept VMTASK_REQUIRES(mutex_);

    task_board& board_;
    const std::size_t worker_count_;
    const std::size_t spare_workers_;
    handler_memory memory_;
    thread_group threads_;

    alignas(64) std::atomic<std::size_t> active_{0}; // turns posted or running
    std::atomic<std::size_t> searching_{0};          // of these, those about to look at the board again
    std::atomic<std::size_t> allowed_;               // turns at most
    adaptive_spin spin_;

    mutable ranked_mutex<lock_rank::worker_pool, std::mutex> mutex_;
    std::size_t blocked_ VMTASK_GUARDED_BY(mutex_) = 0;
    std::uint64_t waits_compensated_ VMTASK_GUARDED_BY(mutex_) = 0;
};

} // namespace vmtask::detail
