// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/create_image.hpp>

#include <filesystem>

namespace vmtask::vhd {

/// Makes a new, empty disk, on the calling thread.
///
/// It appears under its name whole and durable, or not at all; an existing file
/// is never touched. Killed, it leaves nothing, or on file systems without
/// unnamed files a hidden ".vmtask-XXXXXXXX.partial" beside it.
///
/// Errors: create_image()'s, already_exists, no_such_file (the folder),
/// access_denied, read_only.
create_report create_file(const std::filesystem::path& path, const create_options& options);

/// The same for somebody who watches. Cancellation: at monitor.checkpoint(),
/// until the file gets its name.
create_report create_file(const std::filesystem::path& path, const create_options& options, work_monitor& monitor);

} // namespace vmtask::vhd
