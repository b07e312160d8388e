// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/engine.hpp>
#include <vmtask/task.hpp>
#include <vmtask/vhd/check_image.hpp>

#include <filesystem>

namespace vmtask::vhd {

/// Posts a task that does check_image() on a file, locked as a reader's.
///
/// Errors, of the task: file_store's; an image that is none is a finding.
task<check_report> check(engine& where, std::filesystem::path path);

/// Posts a task that does repair_image() on a file that nobody else has open.
///
/// Errors, of the task: file_store's.
task<check_report> repair(engine& where, std::filesystem::path path);

} // namespace vmtask::vhd
