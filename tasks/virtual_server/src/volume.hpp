// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstdint>
#include <filesystem>

namespace vmtask::virtual_server {

/// Errors: E_DISK_FULL when the file system of an existing folder has less than
/// `bytes` left for us.
void require_space(const std::filesystem::path& folder, std::uint64_t bytes);

/// Errors: VM_E_FILE_TOO_LARGE_FOR_VOLUME when a file in an existing folder cannot
/// become that long, whatever the space.
void require_room_for_file(const std::filesystem::path& folder, std::uint64_t bytes);

} // namespace vmtask::virtual_server
