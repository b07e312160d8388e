// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/task.hpp>
#include <vmtask/task_options.hpp>
#include <vmtask/vhd/resize_image.hpp>

#include <filesystem>

namespace vmtask::vhd {

/// Posts a task that does resize_image() on a file that nobody else has open.
///
/// The file is opened and locked when the task runs, and closed and unlocked
/// before it is complete.
///
/// Claims: the disk.
///
/// Errors, of the task: resize_image()'s and file_store's.
task<resize_report> resize(engine& where, std::filesystem::path path, resize_options options, task_options about = {});

} // namespace vmtask::vhd
