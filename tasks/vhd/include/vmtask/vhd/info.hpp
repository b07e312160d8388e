// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/image_info.hpp>

#include <filesystem>

namespace vmtask::vhd {

/// Opens the file as a reader, checks it as read_layout() does, and describes it.
///
/// Errors: file_store's and read_layout()'s.
[[nodiscard]] image_info read_info(const std::filesystem::path& path);

} // namespace vmtask::vhd
