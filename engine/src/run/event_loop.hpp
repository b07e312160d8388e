// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/handler_memory.hpp"
#include "base/loop_delivery.hpp"
#include "base/mpsc_queue.hpp"
#include "base/ranked_mutex.hpp"
#include "base/thread_group.hpp"
#include "run/foreign_loop.hpp"

#include <vmtask/detail/engine_access.hpp>

#include <asio/any_io_executor.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

namespace vmtask::detail {

/// Where coroutine bodies run, and handlers without an executor of their own.
///
/// Whoever has such a handler to call pins the loop, so that the loop cannot
/// go before the handler is on it. A loop of the caller's is pinned only for a
/// moment each, and goes when the caller wants.
class event_loop {
public:
    /// `given` is the caller's, run by that many threads; else the loop has threads
    /// of its own. Throws std::bad_alloc.
    event_loop(engine_core& core, std::size_t thread_count, thread_group::exception_handler on_exception,
               const std::optional<loop_executor>& given);

    void start();
    /// Waits until nobody pins the loop, and ends its threads. Nothing for a loop of
    /// the caller's.
    void join();

    [[nodiscard]] loop_executor executor() const noexcept { return executor_; }
    [[nodiscard]] asio::any_io_executor coroutine_executor();
    /// Null for a loop of the caller's.
    [[nodiscard]] thread_group* threads() noexcept { return threads_ ? &*threads_ : nullptr; }
    /// Null for a loop of the engine's own.
    [[nodiscard]] foreign_loop* foreign() const noexcept { return foreign_.get(); }
    /// The calling thread is in a handler of a loop of the caller's.
    [[nodiscard]] bool runs_callers_thread() const noexcept { return foreign_ && foreign_->runs_here(); }
    [[nodiscard]] std::size_t thread_count() const noexcept { return thread_count_; }

    /// From now on nobody counts on a loop of the caller's that has stopped.
    void give_up() noexcept { is_given_up_.store(true, std::memory_order_seq_cst); }
    [[nodiscard]] bool is_given_up() const noexcept { return is_given_up_.load(std::memory_order_seq_cst); }

    /// False when the loop is closed.
    [[nodiscard]] bool pin() noexcept;
    /// For those who hold a pin already, even when the loop is closed.
    /// Not for a loop of the caller's.
    void pin_further() noexcept { pins_.fetch_add(1, std::memory_order_relaxed); }
    void unpin() noexcept;

    /// Has the loop call it; the caller holds a pin until then. False when the
    /// loop has several threads: a handler that blocks one of them must not
    /// keep from the others what came with it; or when it is the caller's.
    [[nodiscard]] bool deliver(loop_delivery& added) noexcept;

private:
    void ask_for_deliveries() noexcept;
    void deliver_some();

    static constexpr std::uint64_t closed = std::uint64_t{1} << 63;

    const std::size_t thread_count_;
    handler_memory memory_;
    const std::shared_ptr<foreign_loop> foreign_; // null: threads_ are there
    std::optional<thread_group> threads_;
    const loop_executor executor_;
    std::atomic<bool> is_given_up_{false};
    std::atomic<std::uint64_t> pins_{0}; // and `closed`

    mpsc_queue<loop_delivery> deliveries_;
    std::atomic<bool> deliveries_asked_{false}; // deliver_some() is on its way

    ranked_mutex<lock_rank::event_loop, std::mutex> mutex_;
    std::condition_variable_any last_pin_gone_;
    bool is_unpinned_ VMTASK_GUARDED_BY(mutex_) = false;
};

} // namespace vmtask::detail
