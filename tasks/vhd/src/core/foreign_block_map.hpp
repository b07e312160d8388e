// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/layout.hpp>

namespace vmtask::vhd::detail {

/// Whether XenServer's block map (tdbatmap) follows the table. It says which
/// blocks have all their sectors, and we don't keep it.
[[nodiscard]] bool has_foreign_block_map(byte_store& store, const layout& disk);

} // namespace vmtask::vhd::detail
