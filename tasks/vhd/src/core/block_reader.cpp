// SPDX-License-Identifier: BSL-1.0

#include "core/block_reader.hpp"

#include <vmtask/vhd/zero.hpp>

#include <algorithm>
#include <array>

namespace vmtask::vhd::detail {

namespace {

constexpr std::uint64_t largest_read = 1U << 20;

// A block with data mostly shows it in its first few pages, and then reading
// the rest would be in vain.
constexpr std::uint64_t first_read = 64U << 10;

// What is told apart in a copy: long enough to be fast, short enough to leave holes.
constexpr std::uint64_t piece_size = 64U << 10;

constexpr std::array<std::byte, piece_size> zeros{};

// Of file systems: what can be a hole.
constexpr std::uint64_t page_size = 4096;

constexpr std::uint64_t whole_sectors(std::uint64_t bytes) noexcept
{
    return (bytes + sector_size - 1) / sector_size * sector_size;
}

} // namespace

block_reader::block_reader(byte_store& store, const layout& disk)
    : store_(&store),
      bitmap_bytes_(disk.bitmap_bytes()),
      stored_bytes_(disk.stored_block_bytes()),
      buffer_(std::min(largest_read, std::max(stored_bytes_, piece_size)))
{
}

std::span<std::byte> block_reader::read(std::uint64_t offset, std::uint64_t length)
{
    const auto into = std::span(buffer_).first(length);
    store_->read(offset, into);
    bytes_read_ += length;
    return into;
}

void block_reader::write(std::uint64_t offset, std::span<const std::byte> from)
{
    hole_ = {};
    store_->write(offset, from);
    bytes_written_ += from.size();
}

bool block_reader::is_empty(std::uint32_t place)
{
    const std::uint64_t begin = std::uint64_t{place} * sector_size;
    const std::uint64_t data = begin + bitmap_bytes_;
    const std::uint64_t end = begin + stored_bytes_;
    // One large hole may hold a million blocks.
    if (hole_.offset <= data && end <= hole_.end()) return true;
    hole_ = {data, store_->next_data(data) - data};
    std::uint64_t next_read = first_read;
    bitmap_.clear();
    for (std::uint64_t at = hole_.end(); at < end; at = store_->next_data(at)) {
        // Bits are of whole sectors; a hole may begin and end anywhere.
        const std::uint64_t hole = data + whole_sectors(std::min(store_->next_hole(at), end) - data);
        at -= (at - data) % sector_size;
        const std::uint64_t length = std::min({hole - at, next_read, std::uint64_t{buffer_.size()}});
        const auto bytes = read(at, length);
        if (!is_zero(bytes)) {
            if (bitmap_.empty()) load_bitmap(begin);
            if (!has_only_unwritten_data(bytes, (at - data) / sector_size)) return false;
        }
        at += length;
        next_read = largest_read;
    }
    return true;
}

void block_reader::load_bitmap(std::uint64_t offset)
{
    bitmap_.resize(bitmap_bytes_);
    store_->read(offset, bitmap_);
    bytes_read_ += bitmap_bytes_;
}

/// Whether the bitmap has only clear bits for those of the sectors that are not zero.
bool block_reader::has_only_unwritten_data(std::span<const std::byte> data, std::uint64_t first_sector)
{
    for (std::uint64_t i = 0; i < data.size() / sector_size; ++i) {
        const std::uint64_t bit = first_sector + i;
        const bool is_written = (bitmap_[bit / 8] & (std::byte{0x80} >> (bit % 8))) != std::byte{};
        if (is_written && !is_zero(data.subspan(i * sector_size, sector_size))) return false;
    }
    return true;
}

void block_reader::copy(std::uint32_t from, std::uint32_t to)
{
    const std::uint64_t source = std::uint64_t{from} * sector_size;
    const std::uint64_t target = std::uint64_t{to} * sector_size;
    for (std::uint64_t at = 0; at < stored_bytes_;) {
        const std::uint64_t data = std::min(store_->next_data(source + at) - source, stored_bytes_);
        clear(target + at, data - at);
        if (data == stored_bytes_) return;
        const std::uint64_t hole = std::min(store_->next_hole(source + data) - source, stored_bytes_);
        copy_data(source + data, target + data, hole - data);
        at = hole;
    }
}

void block_reader::copy_data(std::uint64_t from, std::uint64_t to, std::uint64_t length)
{
    for (std::uint64_t at = 0; at < length;) {
        const auto bytes = read(from + at, std::min<std::uint64_t>(length - at, buffer_.size()));
        write_sparsely(to + at, bytes);
        at += bytes.size();
    }
}

/// Writes the pieces with data, as many at a time as there are in a row.
void block_reader::write_sparsely(std::uint64_t offset, std::span<const std::byte> bytes)
{
    std::uint64_t unwritten = 0; // bytes from here to `at` have data
    std::uint64_t at = 0;
    const auto write_rest = [&] {
        if (unwritten < at) write(offset + unwritten, bytes.subspan(unwritten, at - unwritten));
    };
    while (at < bytes.size()) {
        const std::uint64_t length = std::min<std::uint64_t>(piece_size, bytes.size() - at);
        if (is_zero(bytes.subspan(at, length))) {
            write_rest();
            clear(offset + at, length);
            unwritten = at + length;
        }
        at += length;
    }
    write_rest();
}

std::optional<std::uint64_t> block_reader::punch(std::uint32_t place)
{
    const std::uint64_t begin = std::uint64_t{place} * sector_size + bitmap_bytes_;
    const std::uint64_t first = (begin + page_size - 1) / page_size * page_size;
    const std::uint64_t end = (std::uint64_t{place} * sector_size + stored_bytes_) / page_size * page_size;
    std::uint64_t punched = 0;
    for (std::uint64_t at = first; at < end && (at = std::min(store_->next_data(at), end)) < end;) {
        at -= at % page_size;
        const std::uint64_t data = (std::min(store_->next_hole(at), end) + page_size - 1) / page_size * page_size;
        const auto bytes = read(at, std::min<std::uint64_t>(data - at, buffer_.size() / page_size * page_size));
        const auto here = punch_pages(at, bytes);
        if (!here) return std::nullopt;
        punched += *here;
        at += bytes.size();
    }
    return punched;
}

/// As many pages at a time as there are in a row.
std::optional<std::uint64_t> block_reader::punch_pages(std::uint64_t offset, std::span<const std::byte> bytes)
{
    std::uint64_t punched = 0;
    for (std::uint64_t at = 0; at < bytes.size();) {
        std::uint64_t end = at;
        while (end < bytes.size() && is_zero(bytes.subspan(end, page_size))) end += page_size;
        if (end != at) {
            hole_ = {};
            if (!store_->punch(offset + at, end - at)) return std::nullopt;
            punched += end - at;
        }
        at = end + page_size;
    }
    return punched;
}

/// Makes the bytes zeros, by writing only where there is no hole.
void block_reader::clear(std::uint64_t offset, std::uint64_t length)
{
    const std::uint64_t end = offset + length;
    for (std::uint64_t at = offset; (at = std::min(store_->next_data(at), end)) < end;) {
        const std::uint64_t hole = std::min(store_->next_hole(at), end);
        for (; at < hole; at = std::min(at + piece_size, hole))
            write(at, std::span(zeros).first(std::min(piece_size, hole - at)));
    }
}

} // namespace vmtask::vhd::detail
