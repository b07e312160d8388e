// SPDX-License-Identifier: BSL-1.0

// Why every moment of this is the old disk or the new one
//
// 1. The footer's copy at the start and the whole table are written and flushed:
//    from now on the image can do without the footer at the end, and what looks
//    free by the table is free on the disk; see image::begin_growing().
// 2. Blocks that lie where the table is to grow are copied behind all others, and
//    a footer behind them. Flush. Their entries are switched; each is right before
//    and after. Flush. Now no entry on the disk names the table's new room.
// 3. The longer table is written: over the old one the same entries, behind it
//    such as say that there is no block. Entries of blocks that the old disk does
//    not have, and what the last block holds behind its end, are cleared; the
//    guest does not see either yet. Flush.
// 4. The header's first sector, with the table's length and the checksum, is
//    written. A table may be longer than the disk needs. Flush.
// 5. The footer at the end, flush, then its copy at the start, flush. Either says
//    the old or the new size, and the image is good for both.

#include "core/big_endian.hpp"
#include "core/block_reader.hpp"
#include "core/fail.hpp"
#include "core/new_image.hpp"
#include "core/resize_steps.hpp"
#include "core/table_sectors.hpp"

#include <vmtask/vhd/dynamic_header.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace vmtask::vhd::detail {

namespace {

class growth {
public:
    growth(byte_store& store, work_monitor& monitor, std::uint64_t size, layout disk)
        : store_(store), monitor_(monitor), disk_(std::move(disk))
    {
        const std::uint64_t entries = std::max<std::uint64_t>((size - 1) / block_size() + 1, disk_.table.size());
        const std::uint64_t length = (entries * sizeof(std::uint32_t) + sector_size - 1) / sector_size * sector_size;
        entries_ = static_cast<std::uint32_t>(entries);
        room_ = {disk_.header.table_offset, length};
        end_ = room_.end();
        for (const extent& part : disk_.metadata) end_ = std::max(end_, part.end());
        for (const std::uint32_t place : disk_.table)
            if (place != unallocated) end_ = std::max(end_, place_of(place).end());
    }

    std::uint64_t run(const sector& footer)
    {
        refuse_if_in_the_way();
        const std::vector<std::uint32_t> moving = blocks_in_the_way();
        monitor_.checkpoint();
        settle();
        move(moving);
        if (moving.empty()) write_footer_behind();
        write_table();
        monitor_.point_of_no_return();
        write_header();
        write_footers(footer);
        return moving.size();
    }

private:
    void refuse_if_in_the_way() const;
    [[nodiscard]] std::vector<std::uint32_t> blocks_in_the_way() const;
    void settle();
    void move(std::span<const std::uint32_t> blocks);
    void move_batch(std::span<const std::uint32_t> blocks);
    void write_footer_behind();
    void write_table();
    void clear_unseen();
    void write_header();
    void write_footers(const sector& footer);

    [[nodiscard]] std::uint32_t block_size() const noexcept { return disk_.header.block_size; }
    [[nodiscard]] extent place_of(std::uint32_t place) const noexcept
    {
        return {std::uint64_t{place} * sector_size, disk_.stored_block_bytes()};
    }
    [[nodiscard]] bool is_in_the_way(const extent& part) const noexcept
    {
        return part.offset < room_.end() && room_.offset < part.end();
    }
    /// Where a footer ends the file, behind all that there is.
    [[nodiscard]] std::uint64_t footer_place() { return std::max(end_, store_.size() - sector_size); }

    byte_store& store_;
    work_monitor& monitor_;
    layout disk_;
    std::uint32_t entries_; // that the table is to have
    extent room_;           // that it takes
    std::uint64_t end_;     // of all but the footer
};

void growth::refuse_if_in_the_way() const
{
    for (const extent& part : disk_.metadata)
        if (part.offset != disk_.header.table_offset && is_in_the_way(part))
            fail(store_, errc::metadata_overlaps, "the table cannot grow");
}

std::vector<std::uint32_t> growth::blocks_in_the_way() const
{
    std::vector<std::uint32_t> found;
    for (std::uint32_t block = 0; block < disk_.table.size(); ++block)
        if (disk_.table[block] != unallocated && is_in_the_way(place_of(disk_.table[block]))) found.push_back(block);
    return found;
}

void growth::settle()
{
    store_.write(0, disk_.footer_bytes);
    table_sectors table(disk_);
    table.mark_all();
    table.write(store_);
    store_.flush();
}

void growth::move(std::span<const std::uint32_t> blocks)
{
    constexpr std::uint64_t batch_bytes = std::uint64_t{64} << 20;
    const auto most = std::clamp<std::uint64_t>(batch_bytes / disk_.stored_block_bytes(), 1, 1U << 16);
    const std::uint64_t total = blocks.size() * disk_.stored_block_bytes();
    if (!blocks.empty()) monitor_.step("making room for the table");
    while (!blocks.empty()) {
        monitor_.checkpoint();
        const auto batch = blocks.first(std::min<std::uint64_t>(most, blocks.size()));
        move_batch(batch);
        blocks = blocks.subspan(batch.size());
        monitor_.report(total - blocks.size() * disk_.stored_block_bytes(), total);
    }
}

void growth::move_batch(std::span<const std::uint32_t> blocks)
{
    block_reader reader(store_, disk_);
    const std::uint64_t alignment = data_alignment(block_size(), entries_);
    std::vector<std::uint32_t> places;
    for (const std::uint32_t block : blocks) {
        const std::uint64_t data = (end_ + disk_.bitmap_bytes() + alignment - 1) / alignment * alignment;
        const std::uint64_t place = (data - disk_.bitmap_bytes()) / sector_size;
        if (place >= unallocated) fail(store_, errc::disk_too_full);
        end_ = data + block_size();
        if (end_ > store_.size()) store_.truncate(end_);
        places.push_back(static_cast<std::uint32_t>(place));
        reader.copy(disk_.table[block], places.back());
    }
    write_footer_behind();
    table_sectors changed(disk_);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        disk_.table[blocks[i]] = places[i];
        changed.mark(blocks[i]);
    }
    changed.write(store_);
    store_.flush();
}

void growth::write_footer_behind()
{
    if (end_ > store_.size()) store_.truncate(end_);
    store_.write(footer_place(), disk_.footer_bytes);
    store_.flush();
}

void growth::write_table()
{
    clear_unseen();
    disk_.table.resize(entries_, unallocated);
    detail::write_table(store_, disk_.header.table_offset, disk_.table);
    store_.flush();
}

/// What the guest will see, and has not seen yet.
void growth::clear_unseen()
{
    const std::uint64_t old_size = disk_.footer.current_size;
    const std::uint64_t blocks = (old_size - 1) / block_size() + 1;
    std::fill(disk_.table.begin() + static_cast<std::ptrdiff_t>(blocks), disk_.table.end(), unallocated);
    const std::uint32_t place = disk_.table[blocks - 1];
    if (old_size % block_size() == 0 || place == unallocated) return;
    const std::uint64_t data = place_of(place).offset + disk_.bitmap_bytes();
    clear(store_, data + old_size % block_size(), data + block_size());
}

void growth::write_header()
{
    constexpr std::size_t checksum_field = 36;
    if (disk_.header.max_table_entries == entries_) return;
    std::array<std::byte, dynamic_header_size> bytes{};
    store_.read(disk_.footer.data_offset, bytes);
    put(bytes, 28, entries_);
    put(bytes, checksum_field, checksum(bytes, checksum_field));
    store_.write(disk_.footer.data_offset, std::span(bytes).first(sector_size));
    store_.flush();
}

void growth::write_footers(const sector& footer)
{
    monitor_.step("writing the footer");
    store_.write(footer_place(), footer);
    store_.flush();
    store_.write(0, footer);
    store_.flush();
}

} // namespace

std::uint64_t grow_dynamic(byte_store& store, work_monitor& monitor, std::uint64_t size, layout disk,
                           const sector& footer)
{
    return growth(store, monitor, size, std::move(disk)).run(footer);
}

} // namespace vmtask::vhd::detail
