// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/bstr.hpp>

#include <vmtask/engine.hpp>
#include <vmtask/task_handle.hpp>
#include <vmtask/vhd/disk_chain.hpp>
#include <vmtask/vhd/footer.hpp>

#include <filesystem>

namespace vmtask::virtual_server {

/// Starts to make an empty disk. All that the reference checks in the starting
/// call is checked here; see IVMVirtualServer.
[[nodiscard]] task_handle start_creating(engine& where, const std::filesystem::path& path, long megabytes,
                                         vhd::disk_type type);

/// The same for a differencing one. Either name may be relative to the other.
[[nodiscard]] task_handle start_creating_child(engine& where, std::filesystem::path path, std::filesystem::path parent);

/// Starts to write all that the chain shows as a disk without a parent.
[[nodiscard]] task_handle start_copying(engine& where, vhd::disk_chain chain, const std::filesystem::path& target,
                                        vhd::disk_type type);

} // namespace vmtask::virtual_server
