// SPDX-License-Identifier: BSL-1.0

#include "core/blocks_by_place.hpp"

#include <vmtask/vhd/format.hpp>

#include <algorithm>

namespace vmtask::vhd::detail {

std::uint64_t ordering_size(std::span<const std::uint32_t> table, std::uint32_t block_sectors)
{
    std::uint64_t slots = 0;
    for (const std::uint32_t place : table)
        if (place != unallocated) slots = std::max<std::uint64_t>(slots, place / block_sectors + 1);
    return slots;
}

blocks_by_place order_blocks(std::span<const std::uint32_t> table, std::uint32_t block_sectors)
{
    constexpr std::uint32_t none = unallocated; // no block has this number
    std::vector<std::uint32_t> slots(ordering_size(table, block_sectors), none);
    for (std::uint32_t block = 0; block < table.size(); ++block) {
        if (table[block] == unallocated) continue;
        std::uint32_t& slot = slots[table[block] / block_sectors];
        if (slot != none) return {{}, std::pair{slot, block}};
        slot = block;
    }
    std::erase(slots, none);

    const auto overlaps = [&](std::uint32_t a, std::uint32_t b) { return table[b] - table[a] < block_sectors; };
    if (const auto found = std::ranges::adjacent_find(slots, overlaps); found != slots.end())
        return {{}, std::pair{found[0], found[1]}};
    return {std::move(slots), std::nullopt};
}

} // namespace vmtask::vhd::detail
