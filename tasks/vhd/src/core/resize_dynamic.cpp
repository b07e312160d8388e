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
#include "core/evacuation.hpp"
#include "core/fail.hpp"
#include "core/new_image.hpp"
#include "core/resize_steps.hpp"

#include <vmtask/vhd/dynamic_header.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace vmtask::vhd::detail {

namespace {

class growth {
public:
    growth(byte_store& store, work_monitor& monitor, std::uint64_t size, layout disk)
        : store_(store),
          monitor_(monitor),
          disk_(std::move(disk)),
          entries_(entries_for(disk_, size)),
          room_{disk_.header.table_offset,
                (entries_ * sizeof(std::uint32_t) + sector_size - 1) / sector_size * sector_size},
          evacuation_(store, monitor, disk_, room_, entries_)
    {
    }

    std::uint64_t run(const sector& footer)
    {
        refuse_if_in_the_way();
        const std::vector<std::uint32_t> moving = evacuation_.blocks();
        monitor_.checkpoint();
        evacuation_.settle();
        if (!moving.empty()) monitor_.step("making room for the table");
        evacuation_.move(moving);
        if (moving.empty()) evacuation_.write_footer_behind();
        write_table();
        monitor_.point_of_no_return();
        write_header();
        write_footers(footer);
        return moving.size();
    }

private:
    [[nodiscard]] static std::uint32_t entries_for(const layout& disk, std::uint64_t size)
    {
        const std::uint64_t blocks = (size - 1) / disk.header.block_size + 1;
        return static_cast<std::uint32_t>(std::max<std::uint64_t>(blocks, disk.table.size()));
    }
    void refuse_if_in_the_way() const;
    void write_table();
    void clear_unseen();
    void write_header();
    void write_footers(const sector& footer);

    byte_store& store_;
    work_monitor& monitor_;
    layout disk_;
    std::uint32_t entries_; // that the table is to have
    extent room_;           // that it takes
    evacuation evacuation_;
};

void growth::refuse_if_in_the_way() const
{
    for (const extent& part : disk_.metadata)
        if (part.offset != disk_.header.table_offset && part.offset < room_.end() && room_.offset < part.end())
            fail(store_, errc::metadata_overlaps, "the table cannot grow");
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
    const std::uint32_t block_size = disk_.header.block_size;
    const std::uint64_t blocks = (old_size - 1) / block_size + 1;
    std::fill(disk_.table.begin() + static_cast<std::ptrdiff_t>(blocks), disk_.table.end(), unallocated);
    const std::uint32_t place = disk_.table[blocks - 1];
    if (old_size % block_size == 0 || place == unallocated) return;
    const std::uint64_t data = std::uint64_t{place} * sector_size + disk_.bitmap_bytes();
    clear(store_, data + old_size % block_size, data + block_size);
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
    store_.write(evacuation_.footer_place(), footer);
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
