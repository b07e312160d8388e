// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/handler_memory.hpp"
#include "base/ranked_mutex.hpp"
#include "base/thread_group.hpp"
#include "time/deadline_heap.hpp"

#include <asio/steady_timer.hpp>

#include <mutex>
#include <optional>
#include <system_error>

namespace vmtask::detail {

/// The engine's clock: one private thread with one asio::steady_timer, which
/// stands at the earliest of all deadlines. No code of the user's ever runs
/// there, so nothing can make it late.
///
/// Thread safety: all members, but for join(), which comes last.
class timer_loop {
public:
    explicit timer_loop(engine_core& core);

    void start() { threads_.add_thread(); }
    /// Ends the thread. Entries that are added from then on never expire.
    void join();
    [[nodiscard]] thread_group& threads() noexcept { return threads_; }

    /// Allocates nothing. An entry with a deadline in the past expires at once,
    /// but never inside this call. After join() it does nothing.
    void add(deadline_entry& added) noexcept;
    /// When it returns the timer loop knows nothing of the entry any more,
    /// unless it has claimed it before.
    void remove(deadline_entry& removed) noexcept;

private:
    void ask_for_arming() noexcept;
    void arm();
    void begin_wait();
    void on_timer(std::error_code error);
    [[nodiscard]] deadline_entry* take_due(steady_time now) noexcept;

    handler_memory memory_;
    thread_group threads_;
    std::optional<asio::steady_timer> timer_; // touched on the private thread only

    ranked_mutex<lock_rank::timer_loop, std::mutex> mutex_;
    deadline_heap queue_ VMTASK_GUARDED_BY(mutex_);
    steady_time armed_for_ VMTASK_GUARDED_BY(mutex_) = deadline_never;
    bool arming_asked_ VMTASK_GUARDED_BY(mutex_) = false;
    bool is_closed_ VMTASK_GUARDED_BY(mutex_) = false;
};

} // namespace vmtask::detail
