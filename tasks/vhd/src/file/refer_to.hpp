// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/disk_chain.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/parent_reference.hpp>

#include <filesystem>

namespace vmtask::vhd::detail {

/// What a disk notes of its parent: id and time, its name, its absolute path, and
/// the way to it from the disk's folder, both without symbolic links.
///
/// `file` is the parent's. Errors: the file system's, for a path that is gone.
[[nodiscard]] parent_reference refer_to(const file_store& file, const chain_link& parent,
                                        const std::filesystem::path& disk);

} // namespace vmtask::vhd::detail
