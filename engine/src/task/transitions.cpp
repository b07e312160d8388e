// SPDX-License-Identifier: BSL-1.0
//
// What happens at each change of a task's state, in which order, and who is told:
// the one place for each. The status word has the last word on whether it happens.
#include "task/task_record.hpp"

#include "base/engine_core.hpp"
#include "gate/waiting_room.hpp"
#include "run/scheduler.hpp"
#include "run/worker_pool.hpp"
#include "tell/counters.hpp"
#include "tell/event_log.hpp"
#include "tell/observe.hpp"
#include "tell/observer_seat.hpp"

namespace vmtask::detail {

// --- Begin ---

/// Of an attempt: the scheduler has latched it, under its lock.
void task_record::note_begin() noexcept
{
    watch_begin();
    announce(*this, task_event_kind::began, &task_observer::began);
}

// --- Pause ---

bool task_record::announce_pause() noexcept
{
    const bool is_awaited = core_.observers.is_taken() || core_.events.is_on();
    if (!is_awaited || !status_.is_held() || cancel_requested()) return false;
    announce(*this, task_event_kind::paused, &task_observer::paused);
    return true;
}

void task_record::announce_resumption() noexcept
{
    announce(*this, task_event_kind::resumed, &task_observer::resumed);
}

// --- End ---

/// False when the task ends later, after its parts.
bool task_record::publish(task_state terminal) noexcept
{
    if (!terms()) {
        const status_word::end_answer answer = latch_end(terminal, false);
        if (answer != status_word::end_answer::has_parts) return answer != status_word::end_answer::refused;
        if (parts_go_on(terminal)) return false;
    } else if (status_.close_for_parts() && parts_go_on(terminal)) {
        return false;
    }
    publish_after_parts(terminal);
    return true;
}

void task_record::publish_after_parts(task_state terminal) noexcept
{
    (void)latch_end(terminal, true);
    tell_wholes();
}

/// What it holds is free before anybody sees the end; who waits for this task alone
/// is told first, then the events, the counters, the observers. All of that before the
/// retirement, so that an engine that has no task left has told of them all.
status_word::end_answer task_record::latch_end(task_state terminal, bool parts_have_ended) noexcept
{
    using end_answer = status_word::end_answer;
    watch_end();
    if (terms()) core_.room.release(*this);
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

/// Of a task that was not posted after all, which nobody hears of; but somebody may
/// have found it in another's way, and wait for it.
void task_record::latch_unseen_end(task_state terminal) noexcept
{
    watch_end();
    core_.room.release(*this);
    if (status_.end(terminal, true) == status_word::end_answer::ended_with_waiters) tell_waiters(&waiters_);
}

} // namespace vmtask::detail
