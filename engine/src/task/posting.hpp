// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "gate/waiting_room.hpp"

#include "record/task_record.hpp"

namespace vmtask::detail {

/// Tells of a made task that is being posted. Throws std::bad_alloc; it was not posted
/// then.
void announce_post(task_record& posted);

/// Announces a task with terms, and lets it in; see waiting_room::enter. Where that
/// returns another task, or throws, this one was not posted.
[[nodiscard]] intrusive_ptr<task_record> let_in(task_record& posted);

/// Gives the place back of a made task that was not posted, and the engine's
/// reference.
void give_up_post(task_record& refused) noexcept;

} // namespace vmtask::detail
