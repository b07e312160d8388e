// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/intrusive_ptr.hpp>
#include <vmtask/version.hpp>

namespace vmtask::detail {

class engine_core;
class task_record;

// A program that was compiled with the headers of another library refers to a symbol
// that this one has not: the linker's message names it. Kept as in asio_guard.hpp.
template <int>
struct [[gnu::visibility("default")]] library_built_with_vmtask_abi
{
    static const char here;
};
extern template struct library_built_with_vmtask_abi<VMTASK_ABI>;
[[gnu::used, gnu::retain]] static const char* const guard_of_vmtask_abi =
    &library_built_with_vmtask_abi<VMTASK_ABI>::here;

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

} // namespace vmtask::detail
