// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "gate/waiting_room.hpp"
#include "record/task_record.hpp"

#include "wait/journal_request.hpp"

#include <memory>
#include <string_view>
#include <system_error>

namespace vmtask::detail {

/// Offers a caller's cancel of a journalled task. Blocks until that has its answer.
[[nodiscard]] std::error_code offer_cancel(const task_record& cancelled, std::string_view by);

/// Offers the post of a journalled task, which was made and is not known to anybody.
/// Blocks until that has its answer. When it throws, the task was not posted.
void post_durably(task_record& posted);

/// The same without blocking: the task is let in when it has its answer. Throws
/// std::bad_alloc; then it was not posted.
[[nodiscard]] std::shared_ptr<journal_request> begin_post(task_record& posted);

} // namespace vmtask::detail
