// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/task.hpp>
#include <vmtask/task_options.hpp>
#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/compact_image.hpp>
#include <vmtask/vhd/disk_chain.hpp>

#include <filesystem>
#include <memory>

namespace vmtask::vhd {

/// Posts a task that does compact_image() on a file that nobody else has open.
///
/// The file is opened and locked when the task runs, and closed and unlocked
/// before it is complete. Progress is in bytes.
///
/// Claims: the disk; shared, a parent that the caller names.
///
/// Errors, of the task: compact_image()'s and file_store's.
/// Of a differencing disk the parents are opened, too, for reading, and disk_chain's
/// errors are added.
task<compact_report> compact(engine& where, std::filesystem::path path, compact_options options = {},
                             chain_options chain = {}, task_options about = {});

/// The same with what the caller has opened, such as a file_store: for whoever
/// looks at an image before he decides, and lets nobody else at it in between.
///
/// The store is destroyed before the task is complete. Precondition: there is one.
///
/// Claims: the file, if it is a file_store.
///
/// Errors, of the task: compact_image()'s.
task<compact_report> compact(engine& where, std::unique_ptr<byte_store> store, compact_options options = {},
                             task_options about = {});

} // namespace vmtask::vhd
