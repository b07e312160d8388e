// SPDX-License-Identifier: BSL-1.0
#include "run/reaped_tasks.hpp"

#include "base/engine_thread.hpp"

#include <vmtask/detail/intrusive_ptr.hpp>

namespace vmtask::detail {

void reaped_tasks::line::add(task_record& added) noexcept
{
    tasks_.add(added);
    ask();
}

void reaped_tasks::line::ask() noexcept
{
    if (!is_asked_.exchange(true, std::memory_order_acq_rel)) reaper_.add(*this);
}

void reaped_tasks::line::run() noexcept
{
    // First: whoever adds from now on asks anew.
    is_asked_.exchange(false, std::memory_order_acq_rel);
    task_record* next = nullptr;
    bool are_more = false;
    {
        const mutex_guard lock(mutex_);
        next = tasks_.pop();
        are_more = !tasks_.empty();
    }
    if (are_more) ask();
    if (next) reap(*next);
}

void reaped_tasks::ending_line::reap(task_record& next) noexcept
{
    const intrusive_ptr<task_record> held(&next);
    engine_thread* const here = this_engine_thread();
    const bool is_reaper = here && here->kind == thread_kind::reaper;
    // A destructor that waits keeps the task from its end, as a body would.
    if (is_reaper) here->current = &next;
    next.finish_in_queue();
    if (is_reaper) here->current = nullptr;
}

} // namespace vmtask::detail
