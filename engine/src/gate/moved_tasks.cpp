// SPDX-License-Identifier: BSL-1.0
#include "gate/moved_tasks.hpp"

#include "gate/waiting_room.hpp"
#include "run/scheduler.hpp"

#include <vmtask/detail/intrusive_ptr.hpp>

#include <utility>

namespace vmtask::detail {

moved_tasks::~moved_tasks()
{
    while (task_terms* const next = pop(launched_, &task_terms::next_moved)) {
        const intrusive_ptr<task_record> held(&next->task, adopt_reference);
        // Its parts may wait for others from whom it would keep what it has got.
        const bool keeps_anything = !next->claims.empty() || next->place.lane;
        const bool may_be_stuck = keeps_anything && next->task.has_parts();
        if (may_be_stuck && next->task.core().room.take_back_if_stuck(next->task)) continue;
        launch(next->task);
    }
    while (task_terms* const next = pop(checked_, &task_terms::next_checked)) {
        const intrusive_ptr<task_record> held(&next->task, adopt_reference);
        next->task.core().room.check(next->task);
    }
    while (task_terms* const next = pop(failed_, &task_terms::next_moved)) {
        const intrusive_ptr<task_record> held(&next->task, adopt_reference);
        next->task.fail_in_queue(next->failure);
    }
}

void moved_tasks::push(list& into, task_terms& added, link next) noexcept
{
    added.task.add_reference();
    added.*next = nullptr;
    (into.last ? into.last->*next : into.first) = &added;
    into.last = &added;
}

task_terms* moved_tasks::pop(list& from, link next) noexcept
{
    task_terms* const popped = from.first;
    if (!popped) return nullptr;
    from.first = popped->*next;
    if (!from.first) from.last = nullptr;
    return popped;
}

void moved_tasks::add(task_terms& moved) noexcept
{
    if (moved.is_being_posted) return; // who posts it sees to it
    push(moved.failure ? failed_ : launched_, moved, &task_terms::next_moved);
}

void moved_tasks::add_to_check(task_terms& waiting) noexcept
{
    if (std::exchange(waiting.is_to_be_checked, true)) return;
    if (waiting.is_being_posted) return; // who posts it has it checked then
    push(checked_, waiting, &task_terms::next_checked);
}

void moved_tasks::launch(task_record& launched) noexcept
{
    engine_core& core = launched.core();
    if (&core != free_here_ || launched.kind() != body_kind::blocking) return launched.launch();
    if (core.scheduler.make_ready(launched)) free_here_ = nullptr;
}

} // namespace vmtask::detail
