// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/engine.hpp>
#include <vmtask/task.hpp>
#include <vmtask/vhd/compact_image.hpp>

#include <filesystem>

namespace vmtask::vhd {

/// Posts a task that does compact_image() on a file that nobody else has open.
///
/// The file is opened and locked when the task runs, and closed and unlocked
/// before it is complete. Progress is in bytes.
///
/// Errors, of the task: compact_image()'s and file_store's.
task<compact_report> compact(engine& where, std::filesystem::path path, compact_options options = {});

} // namespace vmtask::vhd
