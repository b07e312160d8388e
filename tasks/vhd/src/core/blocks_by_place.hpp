// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace vmtask::vhd::detail {

/// Where the blocks of a table lie, at a glance; in sectors.
struct block_range {
    bool is_empty = true; // no block has a place
    std::uint32_t first = 0;
    std::uint32_t last = 0;     // where the last one begins
    bool in_table_order = true; // and so without overlaps
};

/// Blocks are `block_sectors` long in the file; all of the functions here are
/// linear in the table and, unless it is in order, in the file's length in blocks.
[[nodiscard]] block_range range_of(std::span<const std::uint32_t> table, std::uint32_t block_sectors) noexcept;

/// How many numbers the others hold at once.
[[nodiscard]] std::uint64_t ordering_size(const block_range& range, std::uint32_t block_sectors) noexcept;

/// Two blocks that overlap, if any do.
///
/// As all blocks are of one length, no two that don't overlap begin within the
/// same stretch of that length, so each has a slot of its own.
///
/// Precondition: `range` is that of this table.
[[nodiscard]] std::optional<std::pair<std::uint32_t, std::uint32_t>>
find_overlap(std::span<const std::uint32_t> table, std::uint32_t block_sectors, const block_range& range);

/// The numbers of the blocks that have a place, in the order in which they lie
/// in the file. Precondition: no two overlap.
[[nodiscard]] std::vector<std::uint32_t> order_blocks(std::span<const std::uint32_t> table,
                                                      std::uint32_t block_sectors);

} // namespace vmtask::vhd::detail
