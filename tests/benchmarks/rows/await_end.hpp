// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/error.hpp>
#include <vmtask/task_handle.hpp>
#include <vmtask/wait_status.hpp>

#include <system_error>

namespace vmtask::benchmark {

/// Waits for the task's end. Throws when the wait is refused, as the figures
/// would then be those of something else.
inline void await_end(const task_handle& task)
{
    if (task.wait_for_completion() != wait_status::completed) throw std::system_error(errc::would_deadlock);
}

} // namespace vmtask::benchmark
