// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/engine_thread.hpp"
#include "run/foreign_loop.hpp"
#include "wait/blocked_wait.hpp"

#include <vmtask/detail/deadline.hpp>
#include <vmtask/wait_status.hpp>

#include <cstdint>
#include <optional>

namespace vmtask::detail {

/// The time in which a thread blocks in a wait for tasks. On a thread of an
/// engine, or of the caller's that runs the event loop of one of the tasks, it
/// checks first that this can end, and that the engine gets on.
///
/// A worker that waits without a limit for tasks which are queued runs these
/// itself: they need no other thread then.
class blocked_scope {
public:
    /// The tasks outlive it.
    blocked_scope(wait_kind kind, blocked_wait::targets tasks, steady_time deadline);
    ~blocked_scope();
    blocked_scope(const blocked_scope&) = delete;
    blocked_scope& operator=(const blocked_scope&) = delete;

    /// What the wait has come to already; `pending` when it is to be begun.
    enum class verdict : std::uint8_t { pending, timed_out, would_deadlock, no_worker };
    [[nodiscard]] verdict outcome() const noexcept { return verdict_; }
    /// That as the answer of a wait. Precondition: outcome() is not pending.
    [[nodiscard]] wait_status status() const noexcept;

private:
    [[nodiscard]] engine_thread* find_thread(blocked_wait::targets tasks) noexcept;
    [[nodiscard]] verdict enter();
    void run_queued();
    [[nodiscard]] bool begin_blocking() noexcept;
    void leave() noexcept;

    std::optional<visiting_thread> visitor_;
    engine_thread* const self_; // null on a thread that is no engine's
    blocked_wait wait_;
    const steady_time deadline_;
    bool is_compensated_ = false;
    verdict verdict_ = verdict::pending;
};

} // namespace vmtask::detail
