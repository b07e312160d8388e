// SPDX-License-Identifier: BSL-1.0
#include "reaped_tasks.hpp"

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

} // namespace vmtask::detail
