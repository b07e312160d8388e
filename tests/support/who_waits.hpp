// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/obstacle.hpp>
#include <vmtask/task_handle.hpp>

#include <string>

namespace vmtask::test {

/// One line on a task that has not ended: what it is and what it waits for.
[[nodiscard]] inline std::string who_waits(const task_handle& task)
{
    std::string line = "task " + std::to_string(task.id()) + " " + std::string(to_string(task.state()));
    if (task.cancel_requested()) line += ", cancel requested";
    line += ": " + task.description();
    const obstacle before = task.obstacle();
    line += "; obstacle " + std::string(to_string(before.kind)) + " '" + before.name + "'";
    for (const task_handle& each : before.tasks) line += " " + std::to_string(each.id());
    return line;
}

} // namespace vmtask::test
