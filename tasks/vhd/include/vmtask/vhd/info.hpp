// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/disk_chain.hpp>
#include <vmtask/vhd/image_info.hpp>

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace vmtask::vhd {

/// Opens the file as a reader, checks it as read_layout() does, and describes it.
///
/// Errors: file_store's and read_layout()'s.
[[nodiscard]] image_info read_info(const std::filesystem::path& path);

/// A disk and its parents, as far as they can be found and opened.
struct chain_info {
    std::vector<chain_link> links; // the disk itself first

    // Why the next parent is missing here; nothing if there is none.
    std::error_code error{};
    std::string message{};
};

/// Describes a disk and all that it shows.
///
/// Errors: those of read_info(), for the disk itself. What is wrong with a parent
/// is told in the result.
[[nodiscard]] chain_info read_chain_info(const std::filesystem::path& path, const chain_options& options = {});

} // namespace vmtask::vhd
