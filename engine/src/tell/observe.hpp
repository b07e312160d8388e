// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/engine_core.hpp"
#include "record/task_record.hpp"
#include "tell/event_log.hpp"
#include "tell/observer_seat.hpp"
#include "tell/task_names.hpp"

#include <vmtask/task_event.hpp>
#include <vmtask/task_observer.hpp>

#include <type_traits>

namespace vmtask::detail {

[[nodiscard]] inline observed_task view_of(const task_record& task) noexcept
{
    observed_task view{task.id(), task.description(), {}, {}, 0, {}};
    if (task.terms()) {
        view.kind = task.names().kind;
        view.initiator = task.names().initiator;
        view.tag = task.names().tag;
        if (const task_record* const whole = task.whole()) view.parent = whole->id();
    }
    return view;
}

/// Tells the engine's observers, if it has any. Call it without a lock.
template <class... Details>
void observe(const task_record& task, void (task_observer::*event)(const observed_task&, Details...) noexcept,
             const std::type_identity_t<Details>&... details) noexcept
{
    observer_seat& observers = task.core().observers;
    // False, too, for a thread that has slept in a task since the engine ended.
    if (!observers.enter()) return;
    assert_no_lock_held("an observer is told");
    const observed_task view = view_of(task);
    observers.for_each([&](task_observer& each) { (each.*event)(view, details...); });
    observers.leave();
}

/// Tells those who read the engine's events as well, and first.
inline void announce(task_record& task, task_event_kind kind,
                     void (task_observer::*event)(const observed_task&) noexcept) noexcept
{
    (void)task.core().events.note(task, kind);
    observe(task, event);
}

} // namespace vmtask::detail
