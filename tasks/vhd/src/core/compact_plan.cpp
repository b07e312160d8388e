// SPDX-License-Identifier: BSL-1.0

#include "core/compact_plan.hpp"

#include <algorithm>

namespace vmtask::vhd::detail {

namespace {

constexpr std::uint64_t page_sectors = 4096 / sector_size;

constexpr std::uint64_t first_sector(const extent& part) noexcept
{
    return part.offset / sector_size;
}

constexpr std::uint64_t end_sector(const extent& part) noexcept
{
    return (part.end() + sector_size - 1) / sector_size;
}

} // namespace

compact_plan::compact_plan(const layout& disk, std::span<const std::uint32_t> ordered)
    : disk_(&disk), ordered_(ordered), block_sectors_(disk.stored_block_bytes() / sector_size), high_(ordered.size())
{
    // Space before the table and before all blocks is left alone: other tools
    // may keep there what only they know of.
    for (const extent& part : disk.metadata) free_ = std::max(free_, end_sector(part));
    if (ordered.empty()) return;

    const std::uint64_t residue = place_of(0) % page_sectors;
    const auto is_alike = [&](std::uint32_t block) { return disk.table[block] % page_sectors == residue; };
    if (std::ranges::all_of(ordered, is_alike)) {
        alignment_ = page_sectors;
        residue_ = residue;
    }
}

std::uint64_t compact_plan::aligned(std::uint64_t place) const noexcept
{
    return place + (residue_ + alignment_ - place % alignment_) % alignment_;
}

/// The first place at or after `place` where a block is clear of all metadata.
std::uint64_t compact_plan::past_metadata(std::uint64_t place) const noexcept
{
    for (bool is_clear = false; !is_clear;) {
        is_clear = true;
        for (const extent& part : disk_->metadata) {
            if (place >= end_sector(part) || first_sector(part) >= place + block_sectors_) continue;
            place = aligned(end_sector(part));
            is_clear = false;
        }
    }
    return place;
}

std::optional<block_move> compact_plan::next()
{
    for (; low_ < high_; ++low_) {
        const std::uint64_t to = past_metadata(aligned(free_));
        if (to + block_sectors_ <= place_of(low_)) {
            --high_;
            free_ = to + block_sectors_;
            return block_move{ordered_[high_], static_cast<std::uint32_t>(place_of(high_)),
                              static_cast<std::uint32_t>(to)};
        }
        free_ = place_of(low_) + block_sectors_;
    }
    return std::nullopt;
}

std::uint64_t compact_plan::end() const noexcept
{
    std::uint64_t end = free_;
    for (const extent& part : disk_->metadata) end = std::max(end, end_sector(part));
    return end * sector_size;
}

plan_summary summarise(compact_plan plan)
{
    plan_summary summary;
    while (plan.next()) ++summary.moves;
    summary.end = plan.end();
    return summary;
}

} // namespace vmtask::vhd::detail
