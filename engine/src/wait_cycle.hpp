// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace vmtask::detail {

class task_record;

/// Whether a task that is about to be posted would wait for itself: it is a
/// part of a task that one of its predecessors waits for. Then none of them
/// would ever end. The waiting room's lock is held. Throws std::bad_alloc.
[[nodiscard]] bool would_wait_for_itself(task_record& posted);

} // namespace vmtask::detail
