// SPDX-License-Identifier: BSL-1.0

#include "core/evacuation.hpp"

#include <vmtask/vhd/error.hpp>

#include "core/block_reader.hpp"
#include "core/fail.hpp"
#include "core/new_image.hpp"
#include "core/table_sectors.hpp"

#include <algorithm>

namespace vmtask::vhd::detail {

evacuation::evacuation(byte_store& store, work_monitor& monitor, layout& disk, const extent& room, std::size_t entries)
    : store_(store), monitor_(monitor), disk_(disk), room_(room), entries_(entries), end_(room.end())
{
    for (const extent& part : disk_.metadata) end_ = std::max(end_, part.end());
    for (const std::uint32_t place : disk_.table)
        if (place != unallocated) end_ = std::max(end_, place_of(place).end());
    end_ = (end_ + sector_size - 1) / sector_size * sector_size;
}

extent evacuation::place_of(std::uint32_t place) const noexcept
{
    return {std::uint64_t{place} * sector_size, disk_.stored_block_bytes()};
}

std::uint64_t evacuation::footer_place()
{
    return std::max(end_, store_.size() - sector_size);
}

std::vector<std::uint32_t> evacuation::blocks() const
{
    std::vector<std::uint32_t> found;
    for (std::uint32_t block = 0; block < disk_.table.size(); ++block) {
        const extent place = place_of(disk_.table[block]);
        if (disk_.table[block] != unallocated && place.offset < room_.end() && room_.offset < place.end())
            found.push_back(block);
    }
    return found;
}

void evacuation::settle()
{
    store_.write(0, disk_.footer_bytes);
    table_sectors table(disk_);
    table.mark_all();
    table.write(store_);
    store_.flush();
}

void evacuation::move(std::span<const std::uint32_t> blocks)
{
    constexpr std::uint64_t batch_bytes = std::uint64_t{64} << 20;
    const auto most = std::clamp<std::uint64_t>(batch_bytes / disk_.stored_block_bytes(), 1, 1U << 16);
    const std::uint64_t total = blocks.size() * disk_.stored_block_bytes();
    while (!blocks.empty()) {
        monitor_.checkpoint();
        const auto batch = blocks.first(std::min<std::uint64_t>(most, blocks.size()));
        move_batch(batch);
        blocks = blocks.subspan(batch.size());
        monitor_.report(total - blocks.size() * disk_.stored_block_bytes(), total);
    }
}

void evacuation::move_batch(std::span<const std::uint32_t> blocks)
{
    block_reader reader(store_, disk_);
    const std::uint64_t alignment = data_alignment(disk_.header.block_size, entries_);
    std::vector<std::uint32_t> places;
    for (const std::uint32_t block : blocks) {
        const std::uint64_t data = (end_ + disk_.bitmap_bytes() + alignment - 1) / alignment * alignment;
        const std::uint64_t place = (data - disk_.bitmap_bytes()) / sector_size;
        if (place >= unallocated) fail(store_, errc::disk_too_full);
        end_ = data + disk_.header.block_size;
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

void evacuation::write_footer_behind()
{
    if (end_ > store_.size()) store_.truncate(end_);
    store_.write(footer_place(), disk_.footer_bytes);
    store_.flush();
}

} // namespace vmtask::vhd::detail
