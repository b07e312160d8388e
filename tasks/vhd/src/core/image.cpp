// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/image.hpp>

#include "core/beneath.hpp"
#include "core/big_endian.hpp"
#include "core/fail.hpp"
#include "core/foreign_block_map.hpp"
#include "core/new_image.hpp"
#include "core/sector_bits.hpp"
#include "core/table_sectors.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace vmtask::vhd {

namespace {

using detail::fail;
using detail::is_set;
using detail::mask_of;

/// Bitmaps held back before they are written of themselves; bounds the memory.
constexpr std::size_t most_pending_blocks = 256;

} // namespace

image::image(byte_store& store, guest_reader* parent) : store_(&store), layout_(read_layout(store))
{
    if (type() == disk_type::differencing) parent_ = parent;
    if (type() != disk_type::fixed) has_foreign_map_ = detail::has_foreign_block_map(store, layout_);
    for (const extent& part : layout_.metadata) end_of_blocks_ = std::max(end_of_blocks_, part.end());
    for (std::uint32_t block = 0; block < layout_.table.size(); ++block)
        if (is_allocated(block))
            end_of_blocks_ = std::max(end_of_blocks_, data_offset(block) + layout_.header.block_size);
}

bool image::is_allocated(std::uint32_t block) const noexcept
{
    return block < layout_.table.size() && layout_.table[block] != unallocated;
}

std::uint64_t image::data_offset(std::uint32_t block) const noexcept
{
    return std::uint64_t{layout_.table[block]} * sector_size + layout_.bitmap_bytes();
}

void image::check_access(std::uint64_t offset, std::uint64_t length) const
{
    if (is_without_parent()) fail(*store_, errc::differencing_disk);
    if (offset % sector_size != 0 || length % sector_size != 0) fail(*store_, errc::unaligned_access);
    if (offset > size() || length > size() - offset) fail(*store_, errc::beyond_the_end);
}

void image::check_writable() const
{
    if (is_without_parent()) fail(*store_, errc::differencing_disk);
    if (layout_.footer.saved_state != 0) fail(*store_, errc::saved_state);
    if (has_foreign_map_) fail(*store_, errc::foreign_block_map);
}

/// Calls part(block, offset in it, bytes) for each block that the bytes touch.
template <class Bytes, class Part>
void image::for_each_part(std::uint64_t offset, Bytes bytes, Part part)
{
    while (!bytes.empty()) {
        const auto block = static_cast<std::uint32_t>(offset / block_size());
        const auto within = static_cast<std::uint32_t>(offset % block_size());
        const std::size_t length = std::min<std::size_t>(bytes.size(), block_size() - within);
        part(block, within, bytes.first(length));
        bytes = bytes.subspan(length);
        offset += length;
    }
}

void image::read(std::uint64_t offset, std::span<std::byte> into)
{
    check_access(offset, into.size());
    if (type() == disk_type::fixed) return store_->read(offset, into);
    for_each_part(offset, into, [this](auto block, auto within, auto part) { read_part(block, within, part); });
}

std::uint64_t image::next_data(std::uint64_t offset)
{
    if (offset >= size()) return size();
    if (is_without_parent()) return offset;
    if (type() == disk_type::fixed) {
        const std::uint64_t found = store_->next_data(offset);
        return std::min(size(), found - found % sector_size);
    }
    return std::min(next_own_data(offset), detail::next_data_beneath(parent_, offset, size()));
}

std::uint64_t image::next_own_data(std::uint64_t offset)
{
    for (auto block = static_cast<std::uint32_t>(offset / block_size()); block < layout_.table.size(); ++block) {
        if (!is_allocated(block)) continue;
        const std::uint64_t begin = std::uint64_t{block} * block_size();
        const std::uint64_t within = std::max(offset, begin) - begin;
        const std::uint64_t found = store_->next_data(data_offset(block) + within) - data_offset(block);
        if (found < block_size()) return std::min(size(), begin + found - found % sector_size);
    }
    return size();
}

void image::write(std::uint64_t offset, std::span<const std::byte> from)
{
    check_access(offset, from.size());
    check_writable();
    if (type() == disk_type::fixed) return store_->write(offset, from);
    for_each_part(offset, from, [this](auto block, auto within, auto part) { write_part(block, within, part); });
    if (pending_.size() > most_pending_blocks) flush();
}

void image::read_part(std::uint32_t block, std::uint32_t offset, std::span<std::byte> into)
{
    const std::uint64_t begin = std::uint64_t{block} * block_size();
    if (!is_allocated(block)) return detail::read_beneath(parent_, begin + offset, into);
    store_->read(data_offset(block) + offset, into);
    const bitmap& written = bitmap_of(block);
    const std::uint32_t first = offset / sector_size;
    const auto last = static_cast<std::uint32_t>(first + into.size() / sector_size);
    for (std::uint32_t bit = first; (bit = detail::find_bit(written, bit, last, false)) < last;) {
        const std::uint32_t end = detail::find_bit(written, bit, last, true);
        const auto part = into.subspan(std::size_t{bit - first} * sector_size, std::size_t{end - bit} * sector_size);
        detail::read_beneath(parent_, begin + std::uint64_t{bit} * sector_size, part);
        bit = end;
    }
}

void image::write_part(std::uint32_t block, std::uint32_t offset, std::span<const std::byte> from)
{
    if (!is_allocated(block)) allocate(block);
    store_->write(data_offset(block) + offset, from);

    const std::uint32_t first = offset / sector_size;
    const auto last = static_cast<std::uint32_t>(first + from.size() / sector_size);
    mark_written(block, first, last);
    if (parent_ != nullptr) complete_byte(block, first);
    if (parent_ != nullptr) complete_byte(block, last - 1);
}

void image::mark_written(std::uint32_t block, std::uint32_t first, std::uint32_t last)
{
    if (detail::find_bit(bitmap_of(block), first, last, false) == last) return;
    bitmap& changed = pending_of(block).written;
    for (std::uint32_t bit = first; bit < last; ++bit) changed[bit / 8] |= mask_of(bit);
}

/// Copies from the parent what a byte of the bitmap still leaves to it.
///
/// libvhdi takes all bits of a byte that follow a set one for set. So that it
/// reads what we do, no byte of ours has both; copies of what shows anyway are
/// right with their bits and without.
void image::complete_byte(std::uint32_t block, std::uint32_t bit)
{
    const std::uint64_t begin = std::uint64_t{block} * block_size();
    const auto sectors =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(block_size(), size() - begin) / sector_size);
    const std::uint32_t last = std::min(bit / 8 * 8 + 8, sectors);
    sector copied{};
    for (std::uint32_t i = bit / 8 * 8; i < last; ++i) {
        if (is_set(bitmap_of(block), i)) continue;
        detail::read_beneath(parent_, begin + std::uint64_t{i} * sector_size, copied);
        store_->write(data_offset(block) + std::uint64_t{i} * sector_size, copied);
        mark_written(block, i, i + 1);
    }
}

const image::bitmap& image::bitmap_of(std::uint32_t block)
{
    if (const auto found = pending_.find(block); found != pending_.end()) return found->second.written;
    if (cached_block_ != block) {
        cached_block_ = unallocated;
        cached_bitmap_.resize(layout_.bitmap_bytes());
        store_->read(data_offset(block) - layout_.bitmap_bytes(), cached_bitmap_);
        cached_block_ = block;
    }
    return cached_bitmap_;
}

image::pending_block& image::pending_of(std::uint32_t block)
{
    const auto found = pending_.find(block);
    if (found != pending_.end()) return found->second;
    pending_block& added = pending_[block];
    added.written = std::exchange(cached_bitmap_, {});
    cached_block_ = unallocated;
    return added;
}

/// Gives the block a place behind all others that reads as zeros.
///
/// The table in the file learns of it in flush(), when the block is durable.
/// Until then the image is the old one, of which only the footer at the end is
/// lost, and the copy at the start stands in for it.
void image::allocate(std::uint32_t block)
{
    begin_growing();
    const std::uint64_t alignment = detail::data_alignment(block_size(), layout_.table.size());
    const std::uint64_t data = (end_of_blocks_ + layout_.bitmap_bytes() + alignment - 1) / alignment * alignment;
    const std::uint64_t place = data - layout_.bitmap_bytes();
    const std::uint64_t end = data + block_size();
    if (place / sector_size >= unallocated) fail(*store_, errc::disk_too_full);

    const std::uint64_t old_size = store_->size();
    static constexpr std::array<std::byte, 65536> zeros{};
    for (std::uint64_t at = place; at < std::min(end, old_size);) {
        const auto length = std::min<std::uint64_t>(zeros.size(), std::min(end, old_size) - at);
        store_->write(at, std::span(zeros).first(length));
        at += length;
    }
    if (end > old_size) store_->truncate(end);

    pending_[block] = {bitmap(layout_.bitmap_bytes()), true};
    layout_.table[block] = static_cast<std::uint32_t>(place / sector_size);
    end_of_blocks_ = end;
}

/// Makes sure that the image can do without its footer at the end.
void image::begin_growing()
{
    if (growing_) return;
    if (!settled_) {
        // Whoever had the file before may have been killed, or has failed, with
        // changes not yet durable, some of which no later flush makes durable.
        // Before we use space that looks free it has to be.
        store_->write(0, layout_.footer_bytes);
        detail::table_sectors table(layout_);
        table.mark_all();
        table.write(*store_);
        store_->flush();
        settled_ = true;
    }
    growing_ = true;
}

void image::flush()
{
    if (growing_) write_new_bitmaps_and_footer();
    store_->flush();
    if (!pending_.empty()) {
        write_pending_entries();
        store_->flush();
    }
    // Not before: what has failed is done again as a whole.
    pending_.clear();
    growing_ = false;
}

void image::write_new_bitmaps_and_footer()
{
    for (const auto& [block, change] : pending_)
        if (change.is_new) store_->write(data_offset(block) - layout_.bitmap_bytes(), change.written);
    store_->write(std::max(end_of_blocks_, store_->size() - sector_size), layout_.footer_bytes);
}

/// What makes written data count: bits of blocks that the table knows, entries
/// of those that it does not. The data is durable by now.
void image::write_pending_entries()
{
    for (const auto& [block, change] : pending_) {
        if (change.is_new) {
            std::array<std::byte, sizeof(std::uint32_t)> entry{};
            detail::put(entry, 0, layout_.table[block]);
            store_->write(layout_.header.table_offset + block * sizeof(std::uint32_t), entry);
        } else {
            store_->write(data_offset(block) - layout_.bitmap_bytes(), change.written);
        }
    }
}

} // namespace vmtask::vhd
