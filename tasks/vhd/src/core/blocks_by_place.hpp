// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace vmtask::vhd::detail {

/// The allocated blocks, in the order in which they lie in the file.
struct blocks_by_place {
    std::vector<std::uint32_t> blocks; // numbers; empty if there is an overlap

    /// Two blocks that overlap, if any do.
    std::optional<std::pair<std::uint32_t, std::uint32_t>> overlap;
};

/// How many numbers order_blocks() holds at once.
[[nodiscard]] std::uint64_t ordering_size(std::span<const std::uint32_t> table, std::uint32_t block_sectors);

/// Orders the blocks of a table, each `block_sectors` long in the file.
///
/// Linear in the table and in the length of the file in blocks: as all blocks
/// are of one length, no two that don't overlap begin within the same stretch
/// of that length, so each has a slot of its own.
[[nodiscard]] blocks_by_place order_blocks(std::span<const std::uint32_t> table, std::uint32_t block_sectors);

} // namespace vmtask::vhd::detail
