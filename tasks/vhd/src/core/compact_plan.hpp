// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/layout.hpp>

#include <cstdint>
#include <optional>
#include <span>

namespace vmtask::vhd::detail {

/// A block gets another place; both in sectors.
struct block_move {
    std::uint32_t block = 0;
    std::uint32_t from = 0;
    std::uint32_t to = 0;

    friend bool operator==(const block_move&, const block_move&) = default;
};

/// Which blocks move where so that the file can be cut: always the last one
/// into the first place that is free.
///
/// Moves are worked out one by one, so that the plan of the largest disk takes
/// no memory. A target lies wholly before its source and is no other move's
/// source, and no source is any move's target: in any order, none of the moves
/// spoils another.
///
/// It reads `disk` and `ordered`, the blocks in the order of their places, until
/// the last next(). Entries of blocks that have moved may be changed meanwhile.
class compact_plan {
public:
    compact_plan(const layout& disk, std::span<const std::uint32_t> ordered);

    /// The next move; nothing when no block can move any more.
    [[nodiscard]] std::optional<block_move> next();

    /// Where the footer goes, in bytes. Precondition: next() has returned nothing.
    [[nodiscard]] std::uint64_t end() const noexcept;

private:
    [[nodiscard]] std::uint64_t aligned(std::uint64_t place) const noexcept;
    [[nodiscard]] std::uint64_t past_metadata(std::uint64_t place) const noexcept;
    [[nodiscard]] std::uint64_t place_of(std::size_t index) const noexcept { return disk_->table[ordered_[index]]; }

    const layout* disk_;
    std::span<const std::uint32_t> ordered_;
    std::uint64_t block_sectors_;
    std::uint64_t alignment_ = 1; // sectors
    std::uint64_t residue_ = 0;
    std::uint64_t free_ = 0; // all places before this sector are taken or too small
    std::size_t low_ = 0;    // the first block behind free_
    std::size_t high_;       // one past the last block that has not moved
};

/// What a plan comes to.
struct plan_summary {
    std::uint64_t moves = 0;
    std::uint64_t end = 0; // bytes
};

[[nodiscard]] plan_summary summarise(compact_plan plan);

} // namespace vmtask::vhd::detail
