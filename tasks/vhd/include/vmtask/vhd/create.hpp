// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/task.hpp>
#include <vmtask/task_options.hpp>
#include <vmtask/vhd/create_child_file.hpp>
#include <vmtask/vhd/create_image.hpp>

#include <filesystem>

namespace vmtask::vhd {

/// Posts a task that does create_file().
///
/// Claims: the new disk.
///
/// Errors, of the task: create_file()'s.
task<create_report> create(engine& where, std::filesystem::path path, create_options options, task_options about = {});

/// Posts a task that does create_child_file().
///
/// Claims: the new disk; shared, the parent.
///
/// Errors, of the task: create_child_file()'s.
task<create_report> create_child(engine& where, std::filesystem::path path, std::filesystem::path parent,
                                 child_options options = {}, task_options about = {});

} // namespace vmtask::vhd
