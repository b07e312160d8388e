// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/engine_thread.hpp"
#include "wait/blocked_wait.hpp"

#include <vmtask/detail/deadline.hpp>
#include <vmtask/wait_status.hpp>

namespace vmtask::detail {

/// The time in which a thread blocks in a wait for tasks. On a thread of an
/// engine it checks first that this can end, and that the engine gets on.
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
    [[nodiscard]] verdict enter();
    void run_queued();
    [[nodiscard]] bool begin_blocking() noexcept;
    void leave() noexcept;

    engine_thread* const self_; // null on a thread that is no engine's
    blocked_wait wait_;
    const steady_time deadline_;
    bool is_compensated_ = false;
    verdict verdict_ = verdict::pending;
};

} // namespace vmtask::detail
