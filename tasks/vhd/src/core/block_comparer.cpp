// SPDX-License-Identifier: BSL-1.0

#include "core/block_comparer.hpp"

#include "core/beneath.hpp"
#include "core/sector_bits.hpp"

#include <algorithm>
#include <cstring>

namespace vmtask::vhd::detail {

namespace {

constexpr std::uint64_t largest_read = 1U << 20;

// A block that differs mostly does so in its first few pages.
constexpr std::uint64_t first_read = 64U << 10;

} // namespace

block_comparer::block_comparer(byte_store& store, const layout& disk, guest_reader& parent)
    : store_(&store),
      disk_(&disk),
      parent_(&parent),
      bitmap_(disk.bitmap_bytes()),
      own_(std::min<std::uint64_t>(largest_read, disk.header.block_size)),
      parents_(own_.size())
{
}

std::span<const std::byte> block_comparer::load(std::uint64_t place, std::span<std::byte> into)
{
    store_->read(place, into);
    bytes_read_ += into.size();
    return into;
}

bool block_comparer::shows_parent(std::uint32_t block)
{
    const std::uint32_t block_size = disk_->header.block_size;
    const std::uint64_t begin = std::uint64_t{block} * block_size;
    const std::uint64_t size = disk_->footer.current_size;
    // Beyond the disk's end a table may have entries, too.
    if (begin >= size) return true;
    const std::uint64_t place = std::uint64_t{disk_->table[block]} * sector_size;
    const auto bitmap = load(place, bitmap_);
    const auto sectors = static_cast<std::uint32_t>(std::min<std::uint64_t>(block_size, size - begin) / sector_size);
    for (std::uint32_t first = 0; (first = find_bit(bitmap, first, sectors, true)) < sectors;) {
        const std::uint32_t last = find_bit(bitmap, first, sectors, false);
        const std::uint64_t within = std::uint64_t{first} * sector_size;
        if (!is_same(place + bitmap_.size() + within, begin + within, std::uint64_t{last - first} * sector_size))
            return false;
        first = last;
    }
    return true;
}

bool block_comparer::is_same(std::uint64_t place, std::uint64_t offset, std::uint64_t length)
{
    std::uint64_t part = first_read;
    for (std::uint64_t at = 0; at < length;) {
        part = std::min({part, length - at, std::uint64_t{own_.size()}});
        const auto own = load(place + at, std::span(own_).first(part));
        const auto parents = std::span(parents_).first(part);
        read_beneath(parent_, offset + at, parents);
        bytes_read_ += part;
        if (std::memcmp(own.data(), parents.data(), part) != 0) return false;
        at += part;
        part = largest_read;
    }
    return true;
}

} // namespace vmtask::vhd::detail
