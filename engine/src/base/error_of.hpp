// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <system_error>

namespace vmtask::detail {

/// The code that stands for an exception; see task_handle::error.
[[nodiscard]] std::error_code error_of(const std::exception_ptr& failure) noexcept;

} // namespace vmtask::detail
