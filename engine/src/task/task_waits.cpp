// SPDX-License-Identifier: BSL-1.0
//
// Who waits for a task, and how they are told.
#include "record/task_record.hpp"

#include "base/adaptive_spin.hpp"
#include "base/engine_core.hpp"
#include "base/process_mark.hpp"
#include "time/timer_loop.hpp"
#include "wait/blocked_scope.hpp"
#include "wait/blocking_waiter.hpp"

#include <vmtask/detail/completion.hpp>

#include <chrono>

namespace vmtask::detail {

wait_status task_record::wait_until(steady_time deadline)
{
    if (ended()) return wait_status::completed;
    if (deadline == deadline_now) return wait_status::timed_out;
    if (core_.process.is_left_behind()) return wait_status::would_deadlock;
    task_record* const self = this;
    const blocked_scope blocked(wait_kind::all, {&self, 1}, deadline);
    if (blocked.outcome() != blocked_scope::verdict::pending) return blocked.status();

    const steady_time begun = std::chrono::steady_clock::now();
    const wait_status status = block_until(deadline, begun);
    core_.waiting_spin.note(std::chrono::steady_clock::now() - begun);
    return status;
}

wait_status task_record::block_until(steady_time deadline, steady_time begun)
{
    // A waiter is listed only by those who go to sleep: short tasks end before.
    if (core_.waiting_spin.until([this] { return ended(); }, begun, deadline)) return wait_status::completed;
    blocking_waiter self(deadline);
    if (!add_waiter(self)) return wait_status::completed;
    return self.wait() == wait_outcome::completed ? wait_status::completed : wait_status::timed_out;
}

bool task_record::add_waiter(waiter& added, give_up_handler* give_up)
{
    const mutex_guard lock(mutex_);
    if (!status_.note_waiter()) return false;
    list_waiter_locked(added, waiters_, give_up);
    return true;
}

void task_record::list_waiter_locked(waiter& added, waiter_list& into, give_up_handler* give_up) noexcept
{
    tie_locked(give_up, added);
    into.push_locked(added);
    // Under the lock: once it is free the waiter may complete and be gone.
    if (added.deadline() != deadline_never) core_.timers.add(added);
}

void task_record::tie(give_up_handler& give_up, waiter& target) noexcept
{
    const mutex_guard lock(mutex_);
    tie_locked(&give_up, target);
}

void task_record::tie_locked(give_up_handler* give_up, waiter& target) noexcept
{
    target.record_ = this;
    target.give_up_ = give_up;
    if (give_up) give_up->target_ = &target;
}

void task_record::give_up(give_up_handler& handler) noexcept
{
    waiter* given_up = nullptr;
    {
        const mutex_guard lock(mutex_);
        given_up = handler.target_;
        if (!given_up || !given_up->claim()) return;
        forget_waiter_locked(*given_up);
    }
    if (given_up->deadline() != deadline_never) core_.timers.remove(*given_up);
    given_up->complete(wait_outcome::given_up);
}

bool task_record::withdraw_waiter(waiter& withdrawn) noexcept
{
    {
        const mutex_guard lock(mutex_);
        if (!withdrawn.record_ || !withdrawn.claim()) return false;
        forget_waiter_locked(withdrawn);
    }
    if (withdrawn.deadline() != deadline_never) core_.timers.remove(withdrawn);
    return true;
}

void task_record::sever(give_up_handler& handler) noexcept
{
    const mutex_guard lock(mutex_);
    if (handler.target_) handler.target_->give_up_ = nullptr;
    handler.target_ = nullptr;
}

void task_record::forget_waiter_locked(waiter& forgotten) noexcept
{
    waiter_list::remove_locked(forgotten);
    if (forgotten.give_up_) forgotten.give_up_->target_ = nullptr;
    forgotten.give_up_ = nullptr;
    if (extras_now() && extras_now()->paused.empty()) unpause_locked();
}

void task_record::detach(waiter& removed) noexcept
{
    const mutex_guard lock(mutex_);
    forget_waiter_locked(removed);
}

void task_record::tell_waiters(waiter_list* told) noexcept
{
    while (waiter* const next = pop_waiter(told)) next->complete(wait_outcome::completed);
}

/// One at a time: whoever is told may be gone at once, and telling runs code of
/// the caller's executor, which may come straight back here.
waiter* task_record::pop_waiter(waiter_list* from) noexcept
{
    waiter* popped = nullptr;
    {
        const mutex_guard lock(mutex_);
        popped = from->pop_claimed_locked();
        if (popped) forget_waiter_locked(*popped);
    }
    if (popped && popped->deadline() != deadline_never) core_.timers.remove(*popped);
    return popped;
}

} // namespace vmtask::detail
