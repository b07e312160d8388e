// SPDX-License-Identifier: BSL-1.0
//
// Tasks of the waiting room that others begin after.
#include "gate/waiting_room.hpp"

#include "gate/moved_tasks.hpp"

#include <vmtask/error.hpp>

#include <exception>
#include <string>
#include <system_error>

namespace vmtask::detail {
void waiting_room::follow_locked(task_terms& terms) noexcept
{
    terms.stage = room_stage::predecessors;
    for (const auto& each : terms.predecessors) {
        terms.task.add_reference();
        if (each->task_->add_waiter(*each)) {
            ++terms.predecessors_left;
            continue;
        }
        terms.task.release_reference();
        note_end_locked(terms, *each->task_);
        each->is_over_ = true;
        each->task_ = {}; // not the last reference: the poster's options have one
    }
}

/// Those who are to begin after a task that did not succeed fail with it, if
/// they did not say otherwise.
void waiting_room::note_end_locked(task_terms& terms, const task_record& ended) noexcept
{
    const bool is_lost = ended.state() != task_state::succeeded && terms.after_failure == after_failure::fail;
    if (!is_lost || terms.failure) return;
    try {
        const std::string which = "task " + std::to_string(ended.id()) + " " + std::string(to_string(ended.state()));
        terms.failure = std::make_exception_ptr(std::system_error(errc::predecessor_failed, which));
    } catch (...) {
        terms.failure = std::current_exception();
    }
}

void waiting_room::predecessor_ended(predecessor& ended) noexcept
{
    moved_tasks moved;
    const mutex_guard lock(mutex_);
    task_terms& terms = *ended.dependant_.terms();
    ended.is_over_ = true;
    if (terms.stage != room_stage::predecessors) return;
    --terms.predecessors_left;
    const bool was_lost = terms.failure != nullptr;
    note_end_locked(terms, *ended.task_);
    if (terms.failure) {
        if (!was_lost) moved.add(terms);
    } else if (terms.predecessors_left == 0) {
        advance_locked(terms, moved);
    }
}

void waiting_room::leave_predecessors_locked(task_terms& terms) noexcept
{
    for (const auto& each : terms.predecessors) {
        if (each->is_over_ || !each->task_->withdraw_waiter(*each)) continue;
        each->is_over_ = true;
        each->is_withdrawn_ = true;
        terms.task.release_reference();
    }
}

/// Without the lock: it may be a task's last reference.
void waiting_room::drop_predecessors(task_terms& terms) noexcept
{
    for (const auto& each : terms.predecessors)
        if (each->is_withdrawn_) each->task_ = {};
}

} // namespace vmtask::detail
