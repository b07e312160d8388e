// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/file_store.hpp>

#include <string_view>

namespace vmtask::vhd::detail {

/// Locks the open file as QEMU would, until it is closed. Does not wait.
///
/// Errors: in_use, no_locks.
void lock_file(int descriptor, file_access access, std::string_view name);

} // namespace vmtask::vhd::detail
