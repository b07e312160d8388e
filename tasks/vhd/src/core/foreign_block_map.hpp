// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/layout.hpp>

#include "core/big_endian.hpp"

#include <array>
#include <cstddef>

namespace vmtask::vhd::detail {

/// Whether XenServer keeps a map of its own behind the table, which says once
/// more which blocks there are.
[[nodiscard]] inline bool has_foreign_block_map(byte_store& store, const layout& disk)
{
    if (disk.end_of_table() + sector_size > disk.end_of_space()) return false;
    std::array<std::byte, 8> cookie{};
    store.read(disk.end_of_table(), cookie);
    return get_text<8>(cookie, 0) == std::array{'t', 'd', 'b', 'a', 't', 'm', 'a', 'p'};
}

} // namespace vmtask::vhd::detail
