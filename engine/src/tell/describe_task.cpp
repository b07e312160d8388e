// SPDX-License-Identifier: BSL-1.0
#include "tell/describe_task.hpp"

#include "tell/task_names.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace vmtask::detail {

void identify(task_summary& told, const task_record& task)
{
    told.id = task.id();
    if (!task.terms()) return;
    told.kind = task.names().kind;
    told.initiator = task.names().initiator;
    told.tag = task.names().tag;
    if (const task_record* const whole = task.whole()) told.parent = whole->id();
    told.claims = task.claims();
}

void add_obstacle(task_summary& told, task_record& task)
{
    if (told.state != task_state::queued) return;
    obstacle found = task.obstacle_now();
    if (found.kind == obstacle_kind::none) return; // it has begun since
    obstacle_summary& added = told.obstacle.emplace();
    added.kind = found.kind;
    added.name = std::move(found.name);
    for (const task_handle& each : found.tasks) added.tasks.push_back(each.id());
}

std::vector<std::uint64_t> ancestors_of(const task_record& task)
{
    std::vector<std::uint64_t> ancestors;
    for (const task_record* whole = task.whole(); whole; whole = whole->whole()) ancestors.push_back(whole->id());
    return ancestors;
}

task_summary summary_of(task_record& task, task_state state)
{
    task_summary told;
    identify(told, task);
    told.description = task.description();
    told.priority = task.priority();
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
