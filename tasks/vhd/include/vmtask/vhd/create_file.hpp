// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/create_image.hpp>

#include <filesystem>

namespace vmtask::vhd {

/// Makes a new dynamic disk, on the calling thread.
///
/// It appears under its name whole and durable, or not at all; an existing file
/// is never touched. Killed, it leaves nothing, or on file systems without
/// unnamed files a hidden ".vmtask-XXXXXXXX.partial" beside it.
///
/// Errors: create_image()'s, already_exists, no_such_file (the folder),
/// access_denied, read_only.
create_report create_file(const std::filesystem::path& path, const create_options& options);

} // namespace vmtask::vhd
