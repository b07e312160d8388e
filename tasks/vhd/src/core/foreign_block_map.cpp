// SPDX-License-Identifier: BSL-1.0

#include "core/foreign_block_map.hpp"

#include "core/big_endian.hpp"

#include <array>

namespace vmtask::vhd::detail {

bool has_foreign_block_map(byte_store& store, const layout& disk)
{
    if (disk.end_of_table() + sector_size > disk.end_of_space()) return false;
    std::array<std::byte, 8> cookie{};
    store.read(disk.end_of_table(), cookie);
    return get_text<8>(cookie, 0) == std::array{'t', 'd', 'b', 'a', 't', 'm', 'a', 'p'};
}

} // namespace vmtask::vhd::detail
