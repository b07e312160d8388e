// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/c_api/status.h>

#include <system_error>

namespace vmtask::c_api {

/// What a C program is told for an error code: each of the engine's and of vhd's
/// has a status of its own.
[[nodiscard]] vmtask_status status_of(std::error_code code) noexcept;

/// The error number of the system that the code is, or 0.
[[nodiscard]] int system_error_of(std::error_code code) noexcept;

/// The code with which a task ends whose body returned this status.
[[nodiscard]] std::error_code code_of_body(vmtask_status status) noexcept;

/// "VMTASK_E_IN_USE"; null for what is no status.
[[nodiscard]] const char* name_of(vmtask_status status) noexcept;

/// One sentence for people, constant.
[[nodiscard]] const char* message_of(vmtask_status status) noexcept;

} // namespace vmtask::c_api
