// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/image_reader.hpp>

#include "core/beneath.hpp"
#include "core/big_endian.hpp"
#include "core/fail.hpp"
#include "core/sector_bits.hpp"

#include <algorithm>

namespace vmtask::vhd {

namespace {

/// Entries of the table in memory: of 32 GiB in blocks of 2 MiB.
constexpr std::uint32_t window_size = 16384;

} // namespace

image_reader::image_reader(byte_store& store, const layout& disk, guest_reader* parent)
    : image_reader(store, disk.footer, disk.header, parent)
{
}

image_reader::image_reader(byte_store& store, const disk_footer& footer, const dynamic_header& header,
                           guest_reader* parent)
    : store_(&store),
      parent_(footer.type == disk_type::differencing ? parent : nullptr),
      footer_(footer),
      header_(header)
{
}

std::uint32_t image_reader::blocks() const noexcept
{
    return static_cast<std::uint32_t>((size() - 1) / header_.block_size + 1);
}

std::uint32_t image_reader::place_of(std::uint32_t block)
{
    if (block < window_begin_ || block - window_begin_ >= window_.size()) {
        const std::uint32_t begin = block - block % window_size;
        window_.resize(std::min(window_size, blocks() - begin));
        const auto bytes = std::as_writable_bytes(std::span(window_));
        window_begin_ = blocks(); // nothing is there while reading may fail
        store_->read(header_.table_offset + std::uint64_t{begin} * sizeof(std::uint32_t), bytes);
        for (std::size_t i = 0; i < window_.size(); ++i)
            window_[i] = detail::get<std::uint32_t>(bytes, i * sizeof(std::uint32_t));
        window_begin_ = begin;
    }
    return window_[block - window_begin_];
}

std::span<const std::byte> image_reader::bitmap_of(std::uint32_t block)
{
    if (bitmap_block_ != block) {
        bitmap_block_ = unallocated;
        bitmap_.resize(bitmap_bytes(header_.block_size));
        store_->read(std::uint64_t{place_of(block)} * sector_size, bitmap_);
        bitmap_block_ = block;
    }
    return bitmap_;
}

/// How far from `offset` on, up to `most` bytes, it is alike where data comes from.
image_reader::stretch image_reader::stretch_at(std::uint64_t offset, std::uint64_t most)
{
    if (footer_.type == disk_type::fixed) return {most, true, offset};
    const auto block = static_cast<std::uint32_t>(offset / header_.block_size);
    const auto within = static_cast<std::uint32_t>(offset % header_.block_size);
    const auto length = static_cast<std::uint32_t>(std::min<std::uint64_t>(most, header_.block_size - within));
    const std::uint32_t place = place_of(block);
    if (place == unallocated) return {length, false, 0};

    const auto bitmap = bitmap_of(block);
    const std::uint32_t first = within / sector_size;
    const bool is_own = detail::is_set(bitmap, first);
    const std::uint32_t last = detail::find_bit(bitmap, first, first + length / sector_size, !is_own);
    return {std::uint64_t{last - first} * sector_size, is_own,
            std::uint64_t{place} * sector_size + bitmap.size() + within};
}

void image_reader::read(std::uint64_t offset, std::span<std::byte> into)
{
    if (offset % sector_size != 0 || into.size() % sector_size != 0) detail::fail(*store_, errc::unaligned_access);
    if (offset > size() || into.size() > size() - offset) detail::fail(*store_, errc::beyond_the_end);
    while (!into.empty()) {
        const stretch next = stretch_at(offset, into.size());
        const auto part = into.first(next.length);
        if (next.is_own) store_->read(next.place, part);
        else detail::read_beneath(parent_, offset, part);
        into = into.subspan(next.length);
        offset += next.length;
    }
}

/// The first block from this one on that has a place; blocks() if there is none.
std::uint32_t image_reader::next_allocated(std::uint32_t block)
{
    while (block < blocks() && place_of(block) == unallocated) ++block;
    return block;
}

std::uint32_t image_reader::allocated_blocks()
{
    std::uint32_t count = 0;
    for (auto block = next_allocated(0); block < blocks(); block = next_allocated(block + 1)) ++count;
    return count;
}

extent image_reader::next_own(std::uint64_t offset)
{
    const std::uint32_t block_size = header_.block_size;
    while (offset < size()) {
        const auto block = static_cast<std::uint32_t>(offset / block_size);
        const std::uint32_t allocated = next_allocated(block);
        if (allocated == blocks()) break;
        const std::uint64_t begin = std::uint64_t{allocated} * block_size;
        const auto first = static_cast<std::uint32_t>((std::max(begin, offset) - begin) / sector_size);
        const auto end = static_cast<std::uint32_t>(std::min<std::uint64_t>(block_size, size() - begin) / sector_size);
        const auto bitmap = bitmap_of(allocated);
        const std::uint32_t from = detail::find_bit(bitmap, first, end, true);
        const std::uint32_t to = detail::find_bit(bitmap, from, end, false);
        if (from < to) return {begin + std::uint64_t{from} * sector_size, std::uint64_t{to - from} * sector_size};
        offset = begin + block_size;
    }
    return {size(), 0};
}

std::uint64_t image_reader::next_data(std::uint64_t offset)
{
    if (offset >= size()) return size();
    const std::uint64_t own = next_own_data(offset);
    if (own == offset) return own;
    return std::min(own, detail::next_data_beneath(parent_, offset, size()));
}

/// Remembers the last gap, because where a parent has data this is asked often.
std::uint64_t image_reader::next_own_data(std::uint64_t offset)
{
    if (offset < gap_.offset || offset >= gap_.end()) {
        const std::uint64_t found = find_own_data(offset);
        gap_ = {offset, found - offset};
    }
    return gap_.end();
}

std::uint64_t image_reader::find_own_data(std::uint64_t offset)
{
    if (footer_.type == disk_type::fixed) {
        const std::uint64_t found = store_->next_data(offset);
        return std::min(size(), found - found % sector_size);
    }
    const std::uint32_t block_size = header_.block_size;
    for (auto block = next_allocated(static_cast<std::uint32_t>(offset / block_size)); block < blocks();
         block = next_allocated(block + 1)) {
        const std::uint64_t begin = std::uint64_t{block} * block_size;
        const std::uint64_t within = std::max(offset, begin) - begin;
        const std::uint64_t data = std::uint64_t{place_of(block)} * sector_size + bitmap_bytes(block_size);
        const std::uint64_t found = store_->next_data(data + within) - data;
        if (found < block_size) return std::min(size(), begin + found - found % sector_size);
    }
    return size();
}

} // namespace vmtask::vhd
