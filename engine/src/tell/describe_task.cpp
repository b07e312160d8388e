// SPDX-License-Identifier: BSL-1.0
#include "tell/describe_task.hpp"

#include "tell/task_names.hpp"

#include <algorithm>
#include <cmath>

namespace vmtask::detail {

task_summary summary_of(task_record& task, task_state state)
{
    task_summary told;
    told.id = task.id();
    told.description = task.description();
    if (task.terms()) {
        told.kind = task.names().kind;
        told.initiator = task.names().initiator;
        told.tag = task.names().tag;
        if (const task_record* const whole = task.whole()) told.parent = whole->id();
    }
    told.state = state;
    told.cancel_requested = task.cancel_requested();
    told.progress = task.progress();
    keep_progress_behind(told);
    return told;
}

void keep_progress_behind(task_summary& told) noexcept
{
    if (told.state == task_state::succeeded || told.progress.fraction < 1) return;
    told.progress.fraction = std::nextafter(1.0, 0.0);
    told.progress.time_left.reset();
}

} // namespace vmtask::detail
