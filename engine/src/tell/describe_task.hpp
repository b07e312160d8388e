// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "task/task_record.hpp"

#include <vmtask/task_event.hpp>

namespace vmtask::detail {

/// The task as values, in a state that it may have left since. Throws
/// std::bad_alloc.
[[nodiscard]] task_summary summary_of(task_record& task, task_state state);

/// No progress that only a later state than the summary's could have.
void keep_progress_behind(task_summary& told) noexcept;

} // namespace vmtask::detail
