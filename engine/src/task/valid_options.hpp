// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/engine_options.hpp>
#include <vmtask/shutdown.hpp>
#include <vmtask/task_options.hpp>
#include <vmtask/task_priority.hpp>

#include <memory>
#include <vector>

namespace vmtask::detail {

// A number from elsewhere can be cast to any enumeration. What is no value of it
// is refused where it comes in, so that nothing behind has to expect one.

[[nodiscard]] bool is_valid(task_priority priority) noexcept;
[[nodiscard]] bool is_valid(shutdown_mode mode) noexcept;

/// The same options. Throws std::system_error with errc::bad_options, and which
/// of them it is, when one has no value of its enumeration, no sound number, or is null and must not be.
[[nodiscard]] thread_options require_valid(thread_options options);
[[nodiscard]] std::vector<std::shared_ptr<task_observer>>
require_valid(std::vector<std::shared_ptr<task_observer>> observers);
[[nodiscard]] const task_options& require_valid(const task_options& options);

} // namespace vmtask::detail
