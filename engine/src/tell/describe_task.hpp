// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "record/task_record.hpp"

#include <vmtask/task_event.hpp>

#include <cstdint>
#include <vector>

namespace vmtask::detail {

/// The task as values, in a state that it may have left since. Throws
/// std::bad_alloc.
[[nodiscard]] task_summary summary_of(task_record& task, task_state state);

/// What never changes, but for the description: of a task that may be about to go.
/// Takes no lock. Throws std::bad_alloc.
void identify(task_summary& told, const task_record& task);

/// What a queued task waits for now. Takes locks of the waiting room. Throws
/// std::bad_alloc.
void add_obstacle(task_summary& told, task_record& task);

/// The tasks of which it is a part. Throws std::bad_alloc.
[[nodiscard]] std::vector<std::uint64_t> ancestors_of(const task_record& task);

/// No progress that only a later state than the summary's could have.
void keep_progress_behind(task_summary& told) noexcept;

} // namespace vmtask::detail
