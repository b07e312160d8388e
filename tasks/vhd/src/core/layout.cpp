// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/layout.hpp>

#include "core/big_endian.hpp"
#include "core/blocks_by_place.hpp"
#include "core/fail.hpp"

#include <algorithm>
#include <span>
#include <string>

namespace vmtask::vhd {

namespace {

using detail::fail;

/// Whether `length` bytes at `offset` end by `limit`, for any values at all.
constexpr bool fits(std::uint64_t offset, std::uint64_t length, std::uint64_t limit) noexcept
{
    return offset <= limit && length <= limit - offset;
}

constexpr bool overlap(const extent& a, const extent& b) noexcept
{
    return a.offset < b.end() && b.offset < a.end();
}

constexpr std::uint64_t in_whole_sectors(std::uint64_t bytes) noexcept
{
    return (bytes + sector_size - 1) / sector_size * sector_size;
}

std::string describe_block(const layout& disk, std::uint32_t block)
{
    return "block " + std::to_string(block) + " at sector " + std::to_string(disk.table[block]);
}

bool has_old_footer(byte_store& store, std::uint64_t size)
{
    // A footer that begins one byte late; its cookie is all we look at.
    sector bytes{};
    store.read(size - (sector_size - 1), std::span(bytes).first(sector_size - 1));
    return detail::get_text<8>(bytes, 0) == std::array{'c', 'o', 'n', 'e', 'c', 't', 'i', 'x'};
}

/// The footer that counts, by the specification: the one at the end, else the
/// copy at the start.
void read_footers(byte_store& store, layout& disk)
{
    sector leading{};
    sector trailing{};
    store.read(0, leading);
    store.read(disk.file_size - sector_size, trailing);
    const std::error_code at_start = check_footer(leading);
    const std::error_code at_end = check_footer(trailing);

    // What looks like a footer at the start of a fixed disk is the guest's data.
    disk.leading_footer_valid =
        !at_start && disk.file_size > sector_size && decode_footer(leading).type != disk_type::fixed;
    disk.trailing_footer_valid = !at_end;
    if (!disk.leading_footer_valid && !disk.trailing_footer_valid) {
        if (has_old_footer(store, disk.file_size)) fail(store, errc::old_footer);
        const bool nothing_at_end = at_end == errc::not_a_vhd && at_start;
        fail(store, static_cast<errc>((nothing_at_end ? at_start : at_end).value()));
    }
    disk.footer_bytes = disk.trailing_footer_valid ? trailing : leading;
    disk.footer = decode_footer(disk.footer_bytes);
    // The other one is no footer of this disk.
    if (disk.trailing_footer_valid && disk.footer.type == disk_type::fixed) disk.leading_footer_valid = false;
}

void check_type_and_size(const byte_store& store, const layout& disk)
{
    const disk_footer& footer = disk.footer;
    switch (footer.type) {
    case disk_type::fixed:
        if (!fits(footer.current_size, sector_size, disk.file_size))
            fail(store, errc::bad_size, "the disk is " + std::to_string(footer.current_size) + " bytes long");
        break;
    case disk_type::dynamic:
    case disk_type::differencing: break;
    default: fail(store, errc::unsupported_type);
    }
    if (footer.current_size == 0 || footer.current_size % sector_size != 0)
        fail(store, errc::bad_size, std::to_string(footer.current_size) + " bytes");
}

void read_header(byte_store& store, layout& disk)
{
    const std::uint64_t offset = disk.footer.data_offset;
    if (offset < sector_size || offset % sector_size != 0 || !fits(offset, dynamic_header_size, disk.end_of_space()))
        fail(store, errc::bad_header, "header at byte " + std::to_string(offset));

    std::array<std::byte, dynamic_header_size> bytes{};
    store.read(offset, bytes);
    if (const std::error_code wrong = check_header(bytes)) fail(store, static_cast<errc>(wrong.value()));
    disk.header = decode_header(bytes);
    if (!is_block_size(disk.header.block_size))
        fail(store, errc::bad_block_size, std::to_string(disk.header.block_size) + " bytes");
}

void read_table(byte_store& store, layout& disk)
{
    const dynamic_header& header = disk.header;
    const std::uint64_t length = std::uint64_t{header.max_table_entries} * sizeof(std::uint32_t);
    // In whole sectors an entry never straddles two, so it is switched at once.
    if (header.table_offset % sector_size != 0 || !fits(header.table_offset, length, disk.end_of_space()))
        fail(store, errc::bad_table,
             "table of " + std::to_string(header.max_table_entries) + " entries at byte "
                 + std::to_string(header.table_offset));
    if ((disk.footer.current_size - 1) / header.block_size >= header.max_table_entries)
        fail(store, errc::bad_table, "table of " + std::to_string(header.max_table_entries) + " entries");
    if (header.max_table_entries > largest_table) fail(store, errc::table_too_large);

    disk.table.resize(header.max_table_entries);
    store.read(header.table_offset, std::as_writable_bytes(std::span(disk.table)));
    detail::from_big_endian(disk.table);
}

/// What the header says there is; locators only as far as they are possible,
/// because a dynamic disk's may be left over from anything.
void list_metadata(const byte_store& store, layout& disk)
{
    const dynamic_header& header = disk.header;
    disk.metadata = {{0, sector_size},
                     {disk.footer.data_offset, dynamic_header_size},
                     {header.table_offset, disk.end_of_table() - header.table_offset}};
    for (std::size_t i = 0; i < disk.metadata.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (overlap(disk.metadata[i], disk.metadata[j])) fail(store, errc::metadata_overlaps, "header and table");

    for (const parent_locator& locator : header.parent_locators)
        if (locator.code != 0 && locator.data_length != 0
            && fits(locator.data_offset, locator.data_length, disk.end_of_space()))
            disk.metadata.push_back({locator.data_offset, locator.data_length});
}

/// Names a block that reaches beyond the end or into the metadata, if one does.
void check_places(const byte_store& store, const layout& disk)
{
    for (std::uint32_t block = 0; block < disk.table.size(); ++block) {
        if (disk.table[block] == unallocated) continue;
        const extent place{std::uint64_t{disk.table[block]} * sector_size, disk.stored_block_bytes()};
        if (!fits(place.offset, place.length, disk.end_of_space()))
            fail(store, errc::block_out_of_range, describe_block(disk, block));
        for (const extent& other : disk.metadata)
            if (overlap(place, other)) fail(store, errc::metadata_overlaps, describe_block(disk, block));
    }
}

void check_blocks(const byte_store& store, const layout& disk)
{
    const auto block_sectors = static_cast<std::uint32_t>(disk.stored_block_bytes() / sector_size);
    const detail::block_range range = detail::range_of(disk.table, block_sectors);
    if (range.is_empty) return;

    const std::uint64_t begin = std::uint64_t{range.first} * sector_size;
    const bool behind_metadata =
        std::ranges::all_of(disk.metadata, [&](const extent& other) { return other.end() <= begin; });
    const std::uint64_t last = std::uint64_t{range.last} * sector_size;
    if (!behind_metadata || !fits(last, disk.stored_block_bytes(), disk.end_of_space())) check_places(store, disk);

    if (detail::ordering_size(range, block_sectors) > 2 * largest_table) fail(store, errc::table_too_large);
    if (range.in_table_order) return;
    if (const auto two = detail::find_overlap(disk.table, block_sectors, range))
        fail(store, errc::blocks_overlap,
             describe_block(disk, two->first) + " and " + describe_block(disk, two->second));
}

} // namespace

std::uint32_t layout::allocated_blocks() const noexcept
{
    return static_cast<std::uint32_t>(table.size())
        - static_cast<std::uint32_t>(std::ranges::count(table, unallocated));
}

std::uint64_t layout::end_of_table() const noexcept
{
    return header.table_offset + in_whole_sectors(table.size() * sizeof(std::uint32_t));
}

layout read_layout(byte_store& store)
{
    layout disk;
    disk.file_size = store.size();
    if (disk.file_size == 0) fail(store, errc::empty_file);
    if (disk.file_size < sector_size) fail(store, errc::file_too_short);

    read_footers(store, disk);
    check_type_and_size(store, disk);
    if (disk.footer.type == disk_type::fixed) return disk;

    read_header(store, disk);
    read_table(store, disk);
    list_metadata(store, disk);
    check_blocks(store, disk);
    return disk;
}

} // namespace vmtask::vhd
