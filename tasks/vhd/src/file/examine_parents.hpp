// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/check_image.hpp>
#include <vmtask/vhd/disk_chain.hpp>

#include <filesystem>

namespace vmtask::vhd::detail {

/// Adds what is wrong with the parents of a disk that was found to have no error
/// itself; of other disks nothing.
///
/// Errors: what is no defect of a file, as in_use and access_denied.
void examine_parents(check_report& report, const std::filesystem::path& disk, const chain_options& options);

} // namespace vmtask::vhd::detail
