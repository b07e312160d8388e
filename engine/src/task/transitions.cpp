// SPDX-License-Identifier: BSL-1.0
//
// What happens at each change of a task's state, in which order, and who is told:
// the one place for each. The status word has the last word on whether it happens.
#include "record/task_record.hpp"

#include "base/engine_core.hpp"
#include "gate/journalled_end.hpp"
#include "gate/limit_watch.hpp"
#include "gate/task_terms.hpp"
#include "gate/waiting_room.hpp"
#include "run/scheduler.hpp"
#include "run/worker_pool.hpp"
#include "tell/counters.hpp"
#include "tell/event_log.hpp"
#include "tell/journal.hpp"
#include "tell/observe.hpp"
#include "tell/observer_seat.hpp"

#include <vmtask/error.hpp>
#include <vmtask/task_outcome.hpp>

#include <new>
#include <string>
#include <utility>

namespace vmtask::detail {

// --- Begin ---

/// Of an attempt: the scheduler has latched it, under its lock.
void task_record::note_begin() noexcept
{
    watch_begin();
    if (terms()) tell_journal(*this, &task_journal::began);
    announce(*this, task_event_kind::began, &task_observer::began);
}

// --- Failed attempt ---

/// Before the task is queued again, which only a cancel can prevent.
void task_record::announce_failed_attempt(std::error_code error) noexcept
{
    tell_journal(*this, &task_journal::attempt_failed, error);
    (void)core_.events.note(*this, task_event_kind::attempt_failed, error);
    observe(*this, &task_observer::attempt_failed, error);
}

bool task_record::requeue() noexcept
{
    return status_.requeue();
}

// --- Pause ---

/// Before the state, as whoever is listed may go on at once. So a stay that is
/// refused after all, by a resumption or a cancel, is told as a short one.
bool task_record::announce_pause() noexcept
{
    const bool is_awaited = core_.observers.is_taken() || core_.events.is_on() || is_journalled();
    if (!is_awaited || cancel_requested()) return false;
    tell_journal(*this, &task_journal::paused);
    announce(*this, task_event_kind::paused, &task_observer::paused);
    return true;
}

bool task_record::add_paused(waiter& added, give_up_handler* give_up)
{
    const mutex_guard lock(mutex_);
    if (!status_.pause()) return false;
    list_waiter_locked(added, extras_now()->paused, give_up);
    if (limit_watch* const limits = limits_or_null()) limits->task_paused_locked();
    return true;
}

/// All who stay go on.
void task_record::unpause() noexcept
{
    waiter_list* told = nullptr;
    {
        const mutex_guard lock(mutex_);
        if (!extras_now()) return;
        unpause_locked();
        told = &extras_now()->paused;
    }
    tell_waiters(told);
}

void task_record::unpause_locked() noexcept
{
    if (!status_.unpause()) return;
    if (limit_watch* const limits = limits_or_null()) limits->task_resumed_locked();
}

/// After the state.
void task_record::announce_resumption() noexcept
{
    tell_journal(*this, &task_journal::resumed);
    announce(*this, task_event_kind::resumed, &task_observer::resumed);
}

// --- Cancel ---

/// Once it has been accepted, before the body learns of it.
void task_record::announce_cancel() noexcept
{
    (void)core_.events.note(*this, task_event_kind::cancel_requested);
}

// --- End ---

/// False when the task ends later: after its parts, or once the journal has its end.
bool task_record::publish(task_state terminal) noexcept
{
    if (!terms()) {
        const status_word::end_answer answer = latch_end(terminal, false);
        if (answer != status_word::end_answer::has_parts) return answer != status_word::end_answer::refused;
        if (parts_go_on(terminal)) return false;
    } else if (status_.close_for_parts() && parts_go_on(terminal)) {
        return false;
    }
    return publish_after_parts(terminal);
}

bool task_record::publish_after_parts(task_state terminal) noexcept
{
    if (!publish_alone(terminal)) return false;
    tell_wholes();
    return true;
}

/// Its wholes are not told yet.
bool task_record::publish_alone(task_state terminal) noexcept
{
    if (!offer_end(terminal)) return false;
    (void)latch_end(terminal, true);
    return true;
}

/// What it holds is free before anybody sees the end.
void task_record::let_go_of_all() noexcept
{
    watch_end();
    if (terms()) core_.room.release(*this);
}

/// True when there is nothing to wait for; else the journal's answer publishes the end.
bool task_record::offer_end(task_state terminal) noexcept
{
    if (!terms() || !terms()->journalled) return true;
    let_go_of_all();
    // What was left to this worker (see moved_tasks) does not wait for the journal.
    if (core_.scheduler.has_queued()) core_.workers.notify();
    journalled_end& end = *terms()->journalled;
    {
        // What is offered says all cancels: none is accepted any more.
        const mutex_guard lock(mutex_);
        end.begin(terminal);
    }
    const task_outcome outcome = outcome_to_offer(terminal);
    const bool by_shutdown = is_ended_by_shutdown(terminal);
    offer_to_journal(*this, end, [&](task_journal& journal, const journal_entry& entry, journal_receipt receipt) {
        journal.ended(entry, outcome, by_shutdown, std::move(receipt));
    });
    return end.is_answered();
}

/// On the reaper, so that the journal's thread runs no code of executors and observers.
void task_record::end_journalled(task_state terminal) noexcept
{
    const intrusive_ptr<task_record> kept = share(*this);
    (void)latch_end(terminal, true);
    tell_wholes();
    retire();
    // One that came to a checkpoint while the journal had the end.
    unpause();
}

/// Who waits for this task alone is told first, then the events, the counters, the
/// observer. All of that before the retirement, so that an engine that has no task left
/// has told of them all.
status_word::end_answer task_record::latch_end(task_state terminal, bool parts_have_ended) noexcept
{
    using end_answer = status_word::end_answer;
    if (terms() && terms()->journalled) warn_unless_kept();
    else let_go_of_all();
    const end_answer answer = status_.end(terminal, parts_have_ended);
    if (answer == end_answer::refused || answer == end_answer::has_parts) return answer;
    if (answer == end_answer::ended_with_waiters) {
        // Telling them may run code of their executors: what was left to this worker
        // (see moved_tasks) does not wait for that.
        if (terms() && core_.scheduler.has_queued()) core_.workers.notify();
        tell_waiters(&waiters_);
    }
    (void)core_.events.note(*this, task_event_kind::ended, error_set());
    if (cancel_requested()) core_.rare.count_cancel(cancel_latency());
    observe(*this, &task_observer::ended, terminal, error_set());
    return answer;
}

/// The journal has given up on it: that is said, but the end is what it was.
void task_record::warn_unless_kept() noexcept
{
    const std::error_code lost = terms()->journalled->answer();
    if (!lost) return;
    try {
        add_warning("the journal has not kept this end: " + lost.message());
    } catch (const std::bad_alloc&) {
        // Contract: the warning is lost, not the end.
        return;
    }
}

/// Who asked it to cancel, or the outermost whole that handed its cancel on to it.
cancel_origin task_record::cause_of_cancel() const noexcept
{
    cancel_origin cause = cancel_origin::parent;
    for (const task_record* asked = this; asked && cause == cancel_origin::parent; asked = asked->whole()) {
        const mutex_guard lock(asked->mutex_);
        cause = asked->cancel_origin_;
    }
    return cause;
}

/// Also one that failed because another task was cancelled so, before it was asked
/// itself.
bool task_record::is_ended_by_shutdown(task_state terminal) const noexcept
{
    if (terminal == task_state::succeeded || !core_.scheduler.is_closed()) return false;
    const std::error_code error = error_set();
    switch (cause_of_cancel()) {
    case cancel_origin::shutdown:
        return terminal == task_state::cancelled || error == errc::shutting_down || error == errc::abandoned;
    case cancel_origin::none:
        return error == errc::cancelled || error == errc::predecessor_failed || error == errc::shutting_down;
    case cancel_origin::caller:
    case cancel_origin::stop_token:
    case cancel_origin::parent:
    case cancel_origin::replaced:
    case cancel_origin::time_limit: break;
    }
    return false;
}

/// Of a task that was not posted after all, which nobody hears of; but somebody may
/// have found it in another's way, and wait for it.
void task_record::latch_unseen_end(task_state terminal) noexcept
{
    watch_end();
    core_.room.release(*this);
    if (status_.end(terminal, true) == status_word::end_answer::ended_with_waiters) tell_waiters(&waiters_);
}

} // namespace vmtask::detail
