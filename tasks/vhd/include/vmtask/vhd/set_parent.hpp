// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/task.hpp>
#include <vmtask/task_options.hpp>
#include <vmtask/vhd/set_file_parent.hpp>

#include <filesystem>

namespace vmtask::vhd {

/// Posts a task that does set_file_parent().
///
/// The files are opened and locked when the task runs, and closed and unlocked
/// before it is complete.
///
/// Claims: the disk; shared, the parent.
///
/// Errors, of the task: set_file_parent()'s.
task<set_parent_report> set_parent(engine& where, std::filesystem::path disk, std::filesystem::path parent,
                                   set_parent_options options = {}, task_options about = {});

} // namespace vmtask::vhd
