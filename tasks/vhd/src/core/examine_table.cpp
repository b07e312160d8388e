// SPDX-License-Identifier: BSL-1.0

#include "core/big_endian.hpp"
#include "core/examination.hpp"
#include "core/foreign_block_map.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

namespace vmtask::vhd::detail {

namespace {

constexpr bool overlap(const extent& a, const extent& b) noexcept
{
    return a.offset < b.end() && b.offset < a.end();
}

std::string block_text(const layout& disk, std::uint32_t block)
{
    return "block " + std::to_string(block) + " at sector " + std::to_string(disk.table[block]);
}

extent place_of(const layout& disk, std::uint32_t block)
{
    return {std::uint64_t{disk.table[block]} * sector_size, disk.stored_block_bytes()};
}

void read_table(examination& of)
{
    layout& disk = of.disk;
    disk.table.resize(disk.header.max_table_entries);
    const auto bytes = std::as_writable_bytes(std::span(disk.table));
    of.store.read(disk.header.table_offset, bytes);
    for (std::size_t i = 0; i < disk.table.size(); ++i)
        disk.table[i] = get<std::uint32_t>(bytes, i * sizeof(std::uint32_t));
}

void list_metadata(examination& of)
{
    layout& disk = of.disk;
    disk.metadata = {{0, sector_size},
                     {disk.footer.data_offset, dynamic_header_size},
                     {disk.header.table_offset, disk.end_of_table() - disk.header.table_offset}};
    for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (overlap(disk.metadata[i], disk.metadata[j]))
                of.add(defect::metadata_overlap, severity::error, false, disk.metadata[i].offset);
    for (const parent_locator& locator : disk.header.parent_locators) {
        const bool is_used = locator.code != 0 && locator.data_length != 0;
        const std::uint64_t limit = of.end_of_space();
        if (is_used && locator.data_offset <= limit && locator.data_length <= limit - locator.data_offset)
            disk.metadata.push_back({locator.data_offset, locator.data_length});
        else if (is_used && disk.footer.type == disk_type::differencing)
            of.add(defect::bad_locator, severity::warning, false, locator.data_offset,
                   std::to_string(locator.data_length) + " bytes at byte " + std::to_string(locator.data_offset));
    }
}

/// Judges each entry by itself; returns whether all of them are possible.
bool examine_entries(examination& of)
{
    const layout& disk = of.disk;
    const std::uint64_t blocks = (disk.footer.current_size - 1) / disk.header.block_size + 1;
    bool is_possible = true;
    for (std::uint32_t block = 0; block < disk.table.size(); ++block) {
        if (disk.table[block] == unallocated) continue;
        ++of.report.blocks_allocated;
        const extent place = place_of(disk, block);
        const auto bad = [&](defect what) {
            of.add(what, severity::error, false, place.offset, block_text(disk, block));
            is_possible = false;
        };
        if (place.end() > of.end_of_space()) bad(defect::block_out_of_range);
        else if (std::ranges::any_of(disk.metadata, [&](const extent& part) { return overlap(place, part); }))
            bad(defect::block_overlaps_metadata);
        else if (block >= blocks)
            of.add(defect::block_beyond_disk, severity::warning, true, place.offset, block_text(disk, block));
    }
    return is_possible;
}

/// The blocks within the file in the order of their places; slower than
/// order_blocks(), and not put off by overlaps.
std::vector<std::uint32_t> sort_blocks(const examination& of)
{
    const layout& disk = of.disk;
    std::vector<std::uint32_t> sorted;
    for (std::uint32_t block = 0; block < disk.table.size(); ++block)
        if (disk.table[block] != unallocated && place_of(disk, block).end() <= of.end_of_space())
            sorted.push_back(block);
    std::ranges::sort(sorted, {}, [&](std::uint32_t block) { return std::pair(disk.table[block], block); });
    return sorted;
}

void examine_overlaps(examination& of, std::span<const std::uint32_t> sorted)
{
    const layout& disk = of.disk;
    const std::uint64_t length = disk.stored_block_bytes() / sector_size;
    for (std::size_t i = 1; i < sorted.size(); ++i)
        if (disk.table[sorted[i]] - std::uint64_t{disk.table[sorted[i - 1]]} < length)
            of.add(defect::blocks_overlap, severity::error, false, place_of(disk, sorted[i]).offset,
                   block_text(disk, sorted[i - 1]) + " and " + block_text(disk, sorted[i]));
}

void examine_gaps(examination& of, std::span<const std::uint32_t> sorted)
{
    const layout& disk = of.disk;
    std::uint64_t end = 0;
    for (const extent& part : disk.metadata) end = std::max(end, part.end());
    std::uint64_t lost = 0;
    std::uint64_t unaligned = 0;
    for (const std::uint32_t block : sorted) {
        const extent place = place_of(disk, block);
        if (place.offset >= end + place.length) lost += place.offset - end;
        end = std::max(end, place.end());
        if ((place.offset + disk.bitmap_bytes()) % 4096 != 0) ++unaligned;
    }
    if (lost != 0) of.add(defect::lost_space, severity::note, false, 0, std::to_string(lost) + " bytes");
    if (unaligned != 0 && disk.header.block_size >= 4096)
        of.add(defect::unaligned_blocks, severity::note, false, 0, std::to_string(unaligned) + " blocks");
    const bool has_map = has_foreign_block_map(of.store, disk);
    if (has_map) of.add(defect::foreign_block_map, severity::note, false, disk.end_of_table());
    if (of.disk.trailing_footer_valid && end + 4096 <= of.end_of_space())
        of.add(defect::lost_space_at_end, severity::note, !has_map, end,
               std::to_string(of.end_of_space() - end) + " bytes");
}

} // namespace

bool examine_table(examination& of)
{
    read_table(of);
    list_metadata(of);
    of.is_table_known = true;
    const bool is_possible = examine_entries(of);
    const auto sorted = sort_blocks(of);
    const std::size_t before = of.report.findings.size();
    examine_overlaps(of, sorted);
    if (is_possible && of.report.findings.size() == before && !of.has(defect::metadata_overlap))
        examine_gaps(of, sorted);
    // Of blocks that lie over something else no bitmap can be trusted.
    return !of.has(defect::blocks_overlap) && !of.has(defect::block_overlaps_metadata)
        && !of.has(defect::metadata_overlap);
}

} // namespace vmtask::vhd::detail
