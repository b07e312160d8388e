// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/engine_core.hpp"
#include "record/task_record.hpp"
#include "tell/journal_call.hpp"
#include "tell/journal_seat.hpp"
#include "tell/task_names.hpp"

#include <vmtask/task_journal.hpp>

#include <type_traits>
#include <utility>

namespace vmtask::detail {

/// Precondition: the task is journalled.
[[nodiscard]] inline journal_entry entry_of(const task_record& task) noexcept
{
    const task_names& names = task.names();
    const task_record* const whole = task.whole();
    return {.id = task.id(),
            .kind = names.kind,
            .parameters = *names.parameters,
            .description = task.description(),
            .initiator = names.initiator,
            .reason = names.reason,
            .tag = names.tag,
            .lane = names.lane,
            .priority = names.priority,
            .parent = whole ? whole->id() : 0};
}

/// Tells the engine's journal of a journalled task; nobody waits for that. Call it
/// without a lock.
template <class... Details>
void tell_journal(const task_record& task, void (task_journal::*event)(const journal_entry&, Details...) noexcept,
                  const std::type_identity_t<Details>&... details) noexcept
{
    if (!task.is_journalled()) return;
    journal_seat& seat = task.core().journal;
    // Null, too, for a thread that has slept in a task since the engine ended.
    task_journal* const journal = seat.enter();
    if (!journal) return;
    assert_no_lock_held("the journal is told");
    (journal->*event)(entry_of(task), details...);
    seat.leave();
}

/// Calls `offer(journal, entry, receipt)`. Where the journal is gone, and the task
/// has ended with it, there is nothing left to keep. Call it without a lock.
template <class Offer>
void offer_to_journal(const task_record& task, journal_call& call, Offer offer) noexcept
{
    journal_seat& seat = task.core().journal;
    task_journal* const journal = seat.enter();
    if (!journal) return call.complete({});
    assert_no_lock_held("the journal is offered something");
    offer(*journal, entry_of(task), journal_receipt(call));
    seat.leave();
}

} // namespace vmtask::detail
