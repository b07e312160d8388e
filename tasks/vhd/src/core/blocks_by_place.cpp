// SPDX-License-Identifier: BSL-1.0

#include "core/blocks_by_place.hpp"

#include <vmtask/vhd/format.hpp>

#include <algorithm>
#include <limits>

namespace vmtask::vhd::detail {

namespace {

constexpr std::uint32_t none = unallocated; // no block has this number or place

/// Which slot a place falls into: divides by multiplying, because a table has
/// millions of entries and a division takes longer than all else for one.
///
/// Source: D. Lemire, O. Kaser, N. Kurz, "Faster remainder by direct computation", 2019.
class slot_of {
public:
    /// Precondition: at least 2, which the smallest block and its bitmap are.
    explicit slot_of(std::uint32_t block_sectors) noexcept
        : reciprocal_(std::numeric_limits<std::uint64_t>::max() / block_sectors + 1)
    {
    }

    [[nodiscard]] std::size_t operator()(std::uint32_t place) const noexcept
    {
        __extension__ using wide = unsigned __int128;
        return static_cast<std::size_t>((static_cast<wide>(reciprocal_) * place) >> 64);
    }

private:
    std::uint64_t reciprocal_;
};

/// Common, and seen in half the time.
bool is_full_and_in_order(std::span<const std::uint32_t> table, std::uint32_t block_sectors) noexcept
{
    if (table.empty() || table.back() == unallocated) return false;
    for (std::size_t next = 1; next < table.size(); ++next)
        if (table[next] < std::uint64_t{table[next - 1]} + block_sectors) return false;
    return true;
}

/// Whether all places are whole blocks apart, as most writers leave them, and no
/// two the same: then none overlap. A bit for each slot fits the processor's cache,
/// so that this is several times as fast for them as overlapping_places().
bool are_whole_blocks_apart(std::span<const std::uint32_t> table, std::uint32_t block_sectors, const block_range& range)
{
    constexpr std::size_t bits = 64;
    const slot_of slot(block_sectors);
    const std::uint32_t phase = range.first % block_sectors;
    std::vector<std::uint64_t> taken(ordering_size(range, block_sectors) / bits + 1);
    for (const std::uint32_t place : table) {
        if (place == unallocated) continue;
        const std::size_t number = slot(place);
        const std::uint64_t bit = std::uint64_t{1} << number % bits;
        std::uint64_t& word = taken[number / bits];
        if (place - number * block_sectors != phase || (word & bit) != 0) return false;
        word |= bit;
    }
    return true;
}

/// Where two of them overlap: a place, and the one that comes before or with it.
std::optional<std::pair<std::uint32_t, std::uint32_t>>
overlapping_places(std::span<const std::uint32_t> table, std::uint32_t block_sectors, const block_range& range)
{
    std::vector<std::uint32_t> slots(ordering_size(range, block_sectors), none);
    const slot_of slot(block_sectors);
    for (const std::uint32_t place : table) {
        if (place == unallocated) continue;
        std::uint32_t& taken = slots[slot(place)];
        if (taken != none) return std::pair{taken, place};
        taken = place;
    }
    std::erase(slots, none);
    const auto overlaps = [&](std::uint32_t a, std::uint32_t b) { return b - a < block_sectors; };
    const auto found = std::ranges::adjacent_find(slots, overlaps);
    if (found == slots.end()) return std::nullopt;
    return std::pair{found[0], found[1]};
}

} // namespace

block_range range_of(std::span<const std::uint32_t> table, std::uint32_t block_sectors) noexcept
{
    if (is_full_and_in_order(table, block_sectors))
        return {.is_empty = false, .first = table.front(), .last = table.back()};
    block_range range{.first = none};
    std::uint64_t end = 0;
    for (const std::uint32_t place : table) {
        if (place == unallocated) continue;
        range.first = std::min(range.first, place);
        range.last = std::max(range.last, place);
        range.in_table_order &= place >= end;
        end = std::uint64_t{place} + block_sectors;
    }
    range.is_empty = end == 0;
    return range;
}

std::uint64_t ordering_size(const block_range& range, std::uint32_t block_sectors) noexcept
{
    return range.is_empty ? 0 : std::uint64_t{range.last / block_sectors} + 1;
}

std::optional<std::pair<std::uint32_t, std::uint32_t>>
find_overlap(std::span<const std::uint32_t> table, std::uint32_t block_sectors, const block_range& range)
{
    if (are_whole_blocks_apart(table, block_sectors, range)) return std::nullopt;
    const auto places = overlapping_places(table, block_sectors, range);
    if (!places) return std::nullopt;
    const auto first = std::ranges::find(table, places->first);
    const auto after = places->first == places->second ? first + 1 : table.begin();
    const auto number_of = [&](auto entry) { return static_cast<std::uint32_t>(entry - table.begin()); };
    return std::pair{number_of(first), number_of(std::find(after, table.end(), places->second))};
}

std::vector<std::uint32_t> order_blocks(std::span<const std::uint32_t> table, std::uint32_t block_sectors)
{
    std::vector<std::uint32_t> slots(ordering_size(range_of(table, block_sectors), block_sectors), none);
    const slot_of slot(block_sectors);
    for (std::uint32_t block = 0; block < table.size(); ++block)
        if (table[block] != unallocated) slots[slot(table[block])] = block;
    std::erase(slots, none);
    return slots;
}

} // namespace vmtask::vhd::detail
