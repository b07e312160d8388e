// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/intrusive_ptr.hpp>
#include <vmtask/version.hpp>

namespace vmtask::detail {

class engine_core;
class give_up_handler;
class task_record;
class waiter;

// What one task is, shared by its handles, its body and its engine. How a record is
// laid out is the library's own affair, so that programs need not be compiled anew
// when it changes; these are what the templates of other headers do to one.
//
// Thread safety: all of them.

void add_reference(task_record& record) noexcept;
void release_reference(task_record& record) noexcept;
/// Counts one more reference, for those who hold a plain one.
[[nodiscard]] inline intrusive_ptr<task_record> share(task_record& record) noexcept
{
    return intrusive_ptr<task_record>(&record);
}

[[nodiscard]] engine_core& core_of(const task_record& record) noexcept;
[[nodiscard]] bool has_ended(const task_record& record) noexcept;
[[nodiscard]] bool is_asked_to_cancel(const task_record& record) noexcept;
/// True when a checkpoint has something to do.
[[nodiscard]] bool needs_checkpoint(const task_record& record) noexcept;
/// Throws unless the task has succeeded.
void require_success(const task_record& record);

/// Lists a wait for the end. False when the task has ended; nothing was listed then.
[[nodiscard]] bool add_waiter(task_record& record, waiter& added, give_up_handler* give_up = nullptr);
/// Lists a coroutine that is to be told when the task is no longer held. False when
/// it is not; nothing was listed then.
[[nodiscard]] bool add_paused(task_record& record, waiter& added, give_up_handler* give_up = nullptr);
/// Tells whoever wants to know that a coroutine is about to stay; false when that
/// is nobody.
[[nodiscard]] bool announce_pause(task_record& record) noexcept;
void announce_resumption(task_record& record) noexcept;

} // namespace vmtask::detail
