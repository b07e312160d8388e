// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/footer.hpp>

#include <filesystem>

namespace vmtask::virtual_server {

/// The footer of a disk, without locking it: so that a disk tells its type and
/// size while a task works on it, which changes neither.
///
/// Errors, as std::system_error: no_such_file, access_denied, not_a_regular_file,
/// is_directory, not_a_vhd, unsupported_type.
[[nodiscard]] vhd::disk_footer read_footer(const std::filesystem::path& path);

} // namespace vmtask::virtual_server
