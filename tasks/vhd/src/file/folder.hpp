// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/file_store.hpp>

#include <filesystem>

namespace vmtask::vhd::detail {

/// Makes the names in a folder durable. `name` is for messages.
///
/// Some file systems have no such thing for folders, and some folders may be
/// written to but not opened; that is no failure.
void flush_folder(const std::filesystem::path& folder, std::string_view name);

/// Removes the open file's name, durably. `path` is where it was opened.
///
/// Errors: no_such_file (another file has the name by now), access_denied, read_only.
void remove_file(const file_store& file, const std::filesystem::path& path);

} // namespace vmtask::vhd::detail
