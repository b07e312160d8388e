// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/engine_thread.hpp"
#include "base/ranked_mutex.hpp"
#include "base/turnstile.hpp"

#include <vmtask/detail/engine_access.hpp>

#include <asio/executor_work_guard.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>

namespace vmtask::detail {

/// A thread of the caller's, in a handler of his io_context, while it blocks in
/// a wait for tasks.
struct visiting_thread {
    explicit visiting_thread(engine_core& awaited) noexcept;

    engine_thread self;
    visiting_thread* next = nullptr; // guarded by the loop's lock
    visiting_thread* previous = nullptr;
};

/// An io_context of the caller's that is the event loop of engines, for as long
/// as it is there, which may be shorter than they live.
///
/// Thread safety: all members, but for close(), which comes once.
class foreign_loop {
public:
    explicit foreign_loop(loop_executor executor) noexcept : executor_(executor) {}
    foreign_loop(const foreign_loop&) = delete;
    foreign_loop& operator=(const foreign_loop&) = delete;

    /// That of the executor's context, which all engines of that context share.
    /// Throws std::bad_alloc.
    [[nodiscard]] static std::shared_ptr<foreign_loop> behind(loop_executor executor);

    /// From now on until unpin() the context does not go; so only for a moment.
    /// False when it is gone, or going.
    [[nodiscard]] bool pin() noexcept { return entrance_.enter(); }
    void unpin() noexcept { entrance_.leave(); }

    /// The calling thread is in one of the context's handlers.
    [[nodiscard]] bool runs_here() noexcept;
    /// Nobody runs the context, and nobody will before it is restarted.
    [[nodiscard]] bool has_stopped() noexcept;

    /// As long as there is some, the context does not run out of work.
    void add_work() noexcept;
    void remove_work() noexcept;

    void enter(visiting_thread& blocked) noexcept;
    void leave(visiting_thread& blocked) noexcept;
    /// Calls `visit(engine_thread&)` for each thread that blocks, under the loop's lock.
    template <class Visit>
    void for_each_blocked(Visit visit)
    {
        const mutex_guard lock(blocked_mutex_);
        for (visiting_thread* each = first_blocked_; each; each = each->next) visit(each->self);
    }

    /// The context is going. Waits for those who have pinned it.
    void close() noexcept;

private:
    const loop_executor executor_;
    turnstile entrance_;

    ranked_mutex<lock_rank::event_loop, std::mutex> work_mutex_;
    std::size_t works_ VMTASK_GUARDED_BY(work_mutex_) = 0;
    bool is_gone_ VMTASK_GUARDED_BY(work_mutex_) = false;
    std::optional<asio::executor_work_guard<loop_executor>> guard_ VMTASK_GUARDED_BY(work_mutex_);

    ranked_mutex<lock_rank::thread_group, std::mutex> blocked_mutex_;
    visiting_thread* first_blocked_ VMTASK_GUARDED_BY(blocked_mutex_) = nullptr;
};

} // namespace vmtask::detail
