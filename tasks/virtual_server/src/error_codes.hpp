// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/hresult.hpp>
#include <vmtask/virtual_server/task.hpp>

#include <system_error>

namespace vmtask::virtual_server {

/// What a code means, as one sentence; null for those that are not declared.
[[nodiscard]] const char* message_of(HRESULT result) noexcept;

/// What a call, or a task's Error, answers that failed so. DISP_E_EXCEPTION for
/// what the reference has no code for.
[[nodiscard]] HRESULT to_hresult(std::error_code error) noexcept;

/// What a task answers that ended so.
[[nodiscard]] VMTaskResult to_task_result(std::error_code error) noexcept;

} // namespace vmtask::virtual_server
