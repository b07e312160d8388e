// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/task.hpp>
#include <vmtask/task_options.hpp>
#include <vmtask/vhd/check_image.hpp>
#include <vmtask/vhd/disk_chain.hpp>

#include <filesystem>

namespace vmtask::vhd {

/// Posts a task that does check_image() on a file, locked as a reader's, and then
/// looks at the parents of a differencing disk, if it has no errors itself.
///
/// parent_unusable: one is missing, or another disk, or no sound one; an error.
/// parent_changed: by its time, and its child's note of it. Times are changed by
/// much that changes no data, so this is a warning, and the disk is read all the
/// same. Others refuse it. A merge that was stopped has changed the parent, too.
///
/// Claims, shared: the disk, and a parent that the caller names.
///
/// Errors, of the task: file_store's, of any of the files; an image that is none
/// is a finding.
task<check_report> check(engine& where, std::filesystem::path path, chain_options chain = {}, task_options about = {});

/// Posts a task that does repair_image() on a file that nobody else has open, and
/// then looks at the parents as check() does. Nothing of them is mended.
///
/// Claims: the disk; shared, a parent that the caller names.
///
/// Errors, of the task: file_store's, of any of the files.
task<check_report> repair(engine& where, std::filesystem::path path, chain_options chain = {}, task_options about = {});

} // namespace vmtask::vhd
