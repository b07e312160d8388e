// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace vmtask::vhd::detail {

/// The paths that `text` may mean here: as it stands, and with Windows'
/// separators taken for ours.
[[nodiscard]] std::vector<std::filesystem::path> as_paths(std::string_view text);

/// What follows the last separator of either kind.
[[nodiscard]] std::string last_part(std::string_view text);

/// The way from a folder to a file as all tools understand it: ".\a.vhd",
/// "..\b\a.vhd". A path that has a "\" in its own names keeps its "/".
///
/// Precondition: both are absolute, without symbolic links.
[[nodiscard]] std::string relative_path_to(const std::filesystem::path& file, const std::filesystem::path& folder);

} // namespace vmtask::vhd::detail
