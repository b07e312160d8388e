// SPDX-License-Identifier: BSL-1.0

// Why every moment of this names the old parent or the new one
//
// The header is longer than a sector and refers to paths elsewhere, so it cannot
// be changed where it is. But it is found through the footer, which is a sector:
//
// 1. The footer's copy at the start and the whole table are written and flushed,
//    and blocks move out of the way if they have to; see evacuation.
// 2. Behind all that there is, the old footer is written, which makes the file
//    long, and before it new paths, and a new header that refers to them. Flush.
//    Nothing refers to that yet. A failure up to here cuts the file where it ended.
// 3. The footer at the end, flush, then its copy, flush, are changed to name the
//    new header. Either way the image is whole. From now on the old header and
//    its paths are nothing's, on the disk, too.
// 4. In their place the new header and paths are written once more, because some
//    programs look for the header nowhere else, and because what lies behind the
//    blocks would keep the file from being made shorter. Flush. Then the footers
//    are changed back, as in 3.
// 5. The footer is written where the file is to end, behind the last block.
//    Flush, then cut. Flush. Both ends are a footer.
//
// Killed in between, the next run finds one of these images, and does it all.

#include <vmtask/vhd/set_image_parent.hpp>

#include <vmtask/vhd/dynamic_header.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/layout.hpp>

#include "core/big_endian.hpp"
#include "core/evacuation.hpp"
#include "core/fail.hpp"
#include "core/foreign_block_map.hpp"
#include "core/parent_locators.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

namespace vmtask::vhd {

namespace {

using detail::fail;
using header_bytes = std::array<std::byte, dynamic_header_size>;

constexpr bool overlap(const extent& a, const extent& b) noexcept
{
    return a.offset < b.end() && b.offset < a.end();
}

constexpr std::uint64_t in_whole_sectors(std::uint64_t bytes) noexcept
{
    return (bytes + sector_size - 1) / sector_size * sector_size;
}

layout open_suitable(byte_store& store, const parent_reference& parent)
{
    layout disk = read_layout(store);
    if (disk.footer.type != disk_type::differencing) fail(store, errc::not_differencing);
    if (detail::has_foreign_block_map(store, disk)) fail(store, errc::foreign_block_map);
    // The same parent elsewhere changes nothing that the saved machine knows.
    if (disk.footer.saved_state != 0 && parent.id != disk.header.parent_id) fail(store, errc::saved_state);
    return disk;
}

/// What will be read of it.
parent_reference as_noted(parent_reference parent)
{
    for (auto* const paths : {&parent.relative_paths, &parent.absolute_paths})
        if (paths->size() > 1) paths->resize(1);
    return parent;
}

/// Where a disk has what, and is to have it.
class places {
public:
    places(const layout& disk, std::uint64_t locators_length)
        : disk_(disk), table_{disk.header.table_offset, disk.end_of_table() - disk.header.table_offset}
    {
        header_ = {sector_size, dynamic_header_size};
        if (overlap(header_, table_) || !is_clear_of_blocks(header_)) header_.offset = disk.footer.data_offset;
        locators_ = find_room(locators_length);
    }

    [[nodiscard]] const extent& header() const noexcept { return header_; }
    [[nodiscard]] const extent& locators() const noexcept { return locators_; }

    /// Where the footer is to follow.
    [[nodiscard]] std::uint64_t end() const
    {
        std::uint64_t end = std::max({header_.end(), table_.end(), locators_.end()});
        for (const std::uint32_t place : disk_.table)
            if (place != unallocated) end = std::max(end, place_of(place).end());
        return end;
    }

private:
    [[nodiscard]] extent place_of(std::uint32_t place) const noexcept
    {
        return {std::uint64_t{place} * sector_size, disk_.stored_block_bytes()};
    }
    [[nodiscard]] bool is_clear_of_blocks(const extent& part) const
    {
        return std::ranges::none_of(
            disk_.table, [&](std::uint32_t place) { return place != unallocated && overlap(part, place_of(place)); });
    }

    /// Where nothing is but what the disk has now said of its parent; if there is
    /// no such place, one that only blocks have to leave.
    [[nodiscard]] extent find_room(std::uint64_t length) const
    {
        std::array fixed{extent{0, sector_size}, header_, table_};
        std::ranges::sort(fixed, {}, &extent::offset);
        for (const extent& before : fixed) {
            const extent room{before.end(), length};
            const auto is_in_it = [&](const extent& other) { return overlap(room, other); };
            if (std::ranges::none_of(fixed, is_in_it) && is_clear_of_blocks(room)) return room;
        }
        return {fixed.back().end(), length};
    }

    const layout& disk_;
    extent table_;
    extent header_;
    extent locators_;
};

class parent_change {
public:
    parent_change(byte_store& store, work_monitor& monitor, layout disk, const parent_reference& parent)
        : store_(store),
          monitor_(monitor),
          disk_(std::move(disk)),
          locators_(store, parent),
          places_(disk_, locators_.length())
    {
        store_.read(disk_.footer.data_offset, old_header_);
    }

    /// Whether all is where it is to be. Precondition: the disk says what it is to say.
    [[nodiscard]] bool is_finished()
    {
        sector leading{};
        store_.read(0, leading);
        std::uint64_t end = 0;
        for (const extent& part : disk_.metadata) end = std::max(end, in_whole_sectors(part.end()));
        return disk_.trailing_footer_valid && leading == disk_.footer_bytes
            && disk_.footer.data_offset == places_.header().offset
            && disk_.file_size == std::max(end, places_.end()) + sector_size;
    }

    /// Returns how many blocks have moved.
    std::uint64_t run()
    {
        detail::evacuation evacuation(store_, monitor_, disk_, places_.locators(), disk_.table.size());
        const std::vector<std::uint32_t> moving = evacuation.blocks();
        monitor_.checkpoint();
        monitor_.point_of_no_return();
        evacuation.settle();
        if (!moving.empty()) monitor_.step("making room for the paths");
        evacuation.move(moving);
        monitor_.step("writing the header");
        write_behind();
        write_in_place();
        cut();
        return moving.size();
    }

private:
    void write_behind();
    void write_in_place();
    void cut();
    void write_footers(std::uint64_t header_place);
    [[nodiscard]] header_bytes header_with(std::uint64_t locators_place) const;
    [[nodiscard]] sector footer_with(std::uint64_t header_place) const;

    byte_store& store_;
    work_monitor& monitor_;
    layout disk_;
    detail::new_locators locators_;
    places places_;
    header_bytes old_header_{};
    std::uint64_t footer_place_ = 0; // of the one at the end, until the file is cut
};

/// The header that names the new parent, with all else, known or not, as it was.
header_bytes parent_change::header_with(std::uint64_t locators_place) const
{
    constexpr std::size_t checksum_field = 36;
    constexpr std::size_t first_reserved = 60;
    constexpr std::size_t last_reserved = 768;
    dynamic_header header = disk_.header;
    locators_.describe(header, locators_place);
    header_bytes bytes = encode(header);
    const std::span old(old_header_);
    std::ranges::copy(old.subspan(first_reserved, 4), bytes.begin() + first_reserved);
    std::ranges::copy(old.subspan(last_reserved), bytes.begin() + last_reserved);
    detail::put(bytes, checksum_field, checksum(bytes, checksum_field));
    return bytes;
}

sector parent_change::footer_with(std::uint64_t header_place) const
{
    constexpr std::size_t checksum_field = 64;
    sector bytes = disk_.footer_bytes;
    detail::put(bytes, 16, header_place);
    detail::put(bytes, checksum_field, checksum(bytes, checksum_field));
    return bytes;
}

void parent_change::write_behind()
{
    const std::uint64_t old_size = store_.size();
    // Clear of the places that step 4 writes to.
    const std::uint64_t place = std::max(in_whole_sectors(old_size), places_.end());
    const std::uint64_t header_place = place + locators_.length();
    footer_place_ = header_place + dynamic_header_size;
    try {
        store_.write(footer_place_, disk_.footer_bytes);
        locators_.write(store_, place);
        store_.write(header_place, header_with(place));
        store_.flush();
    } catch (...) {
        store_.truncate(old_size);
        store_.flush();
        throw;
    }
    write_footers(header_place);
}

void parent_change::write_in_place()
{
    locators_.write(store_, places_.locators().offset);
    store_.write(places_.header().offset, header_with(places_.locators().offset));
    store_.flush();
    write_footers(places_.header().offset);
}

void parent_change::write_footers(std::uint64_t header_place)
{
    const sector footer = footer_with(header_place);
    store_.write(footer_place_, footer);
    store_.flush();
    store_.write(0, footer);
    store_.flush();
}

void parent_change::cut()
{
    store_.write(places_.end(), footer_with(places_.header().offset));
    store_.flush();
    store_.truncate(places_.end() + sector_size);
    store_.flush();
}

} // namespace

set_parent_report set_image_parent(byte_store& store, work_monitor& monitor, const parent_reference& parent)
{
    monitor.step("checking the image");
    layout disk = open_suitable(store, parent);
    set_parent_report report;
    report.before = read_parent_reference(store, disk);
    report.after = as_noted(parent);
    parent_change change(store, monitor, std::move(disk), report.after);
    if (report.before != report.after || !change.is_finished()) report.blocks_moved = change.run();
    report.file_size = store.size();
    return report;
}

} // namespace vmtask::vhd
