// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/task.hpp>
#include <vmtask/task_options.hpp>
#include <vmtask/vhd/convert_file.hpp>

#include <filesystem>

namespace vmtask::vhd {

/// Posts a task that does convert_file(). Progress is in bytes of the guest.
///
/// The source is opened and locked when the task runs, and closed and unlocked
/// before it is complete.
///
/// Claims: the target; shared, the source.
///
/// Errors, of the task: convert_file()'s.
task<convert_report> convert(engine& where, std::filesystem::path from, std::filesystem::path to,
                             convert_options options, task_options about = {});

} // namespace vmtask::vhd
