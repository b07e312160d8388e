// SPDX-License-Identifier: BSL-1.0

// A footer is the last thing written, when all that it speaks for is durable: a
// file cut off by a kill or a power cut is no image, and not one with less data.

#include <vmtask/vhd/dynamic_header.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/format.hpp>
#include <vmtask/vhd/geometry.hpp>
#include <vmtask/vhd/write_image.hpp>
#include <vmtask/vhd/zero.hpp>

#include "core/fail.hpp"
#include "core/new_image.hpp"
#include "core/read_ahead.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace vmtask::vhd {

namespace {

using detail::read_ahead;

// What is told apart: long enough to be fast, short enough to find most zeros.
constexpr std::uint64_t piece_size = 64U << 10;

/// Takes what the guest has, in order, and puts it into the store.
class image_writer {
public:
    image_writer(byte_store& store, guest_reader& guest, const write_options& options, work_monitor& monitor)
        : store_(store), guest_(guest), options_(options), monitor_(monitor)
    {
        report_.virtual_size = guest.size();
    }
    virtual ~image_writer() = default;
    image_writer(const image_writer&) = delete;
    image_writer& operator=(const image_writer&) = delete;

    write_report run()
    {
        detail::check_new_size(store_, report_.virtual_size);
        prepare();
        monitor_.step("copying data");
        copy();
        monitor_.step("making it durable");
        finish();
        report_.file_size = store_.size();
        return report_;
    }

protected:
    virtual void prepare() = 0;
    /// Bytes of the guest that are not all zeros; within one block.
    virtual void put(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
    virtual void finish() = 0;

    void write(std::uint64_t offset, std::span<const std::byte> bytes)
    {
        store_.write(offset, bytes);
        report_.bytes_written += bytes.size();
    }

    byte_store& store_;
    guest_reader& guest_;
    const write_options& options_;
    work_monitor& monitor_;
    write_report report_;
    std::uint64_t unit_ = read_ahead::buffer_size; // what put() takes lies between two multiples of it
    bool keeps_zeros_ = false;                     // also zeros have to be written

private:
    void copy();
    void put_data(std::uint64_t offset, std::span<const std::byte> bytes);
};

void image_writer::copy()
{
    const std::uint64_t size = report_.virtual_size;
    read_ahead data(guest_, keeps_zeros_);
    for (;;) {
        monitor_.checkpoint();
        const detail::piece_of_data piece = data.next();
        if (piece.bytes.empty()) break;
        monitor_.report(piece.offset, size);
        report_.bytes_read += piece.bytes.size();
        put_data(piece.offset, piece.bytes);
    }
    // Where there is nothing to copy there is nothing to show, either.
    if (report_.bytes_read != 0) monitor_.report(size, size);
}

/// Hands on the pieces with data, as many at a time as there are in a row.
void image_writer::put_data(std::uint64_t offset, std::span<const std::byte> bytes)
{
    std::uint64_t first = 0; // bytes from here to `at` have data
    std::uint64_t at = 0;
    const auto put_run = [&] {
        if (first < at) put(offset + first, bytes.subspan(first, at - first));
        first = at;
    };
    while (at < bytes.size()) {
        const std::uint64_t begin = offset + at;
        if (begin % unit_ == 0) put_run();
        const std::uint64_t end = std::min((begin / unit_ + 1) * unit_, (begin / piece_size + 1) * piece_size);
        const std::uint64_t length = std::min<std::uint64_t>(end - begin, bytes.size() - at);
        const bool is_hole = !keeps_zeros_ && is_zero(bytes.subspan(at, length));
        if (is_hole) put_run();
        at += length;
        if (is_hole) first = at;
    }
    put_run();
}

/// Raw and fixed: the guest's bytes stand where the guest sees them.
class flat_writer final : public image_writer {
public:
    using image_writer::image_writer;

private:
    void prepare() override
    {
        if (!options_.sparse) keeps_zeros_ = !allocate();
    }

    /// In parts, because a file system may take its time.
    bool allocate()
    {
        constexpr std::uint64_t part = std::uint64_t{4} << 30;
        const std::uint64_t size = report_.virtual_size + (is_raw() ? 0 : sector_size);
        monitor_.step("taking space");
        for (std::uint64_t at = 0; at < size; at += part) {
            monitor_.checkpoint();
            if (!store_.allocate(at, std::min(part, size - at))) return false;
        }
        return true;
    }

    void put(std::uint64_t offset, std::span<const std::byte> bytes) override { write(offset, bytes); }

    void finish() override
    {
        if (store_.size() < report_.virtual_size) store_.truncate(report_.virtual_size);
        // Where all is zeros, the footer makes the image as a whole.
        if (is_raw() || report_.bytes_written != 0) store_.flush();
        if (is_raw()) return;
        const disk_footer footer =
            detail::make_new_footer(report_.virtual_size, disk_type::fixed, options_.id, options_.timestamp);
        report_.geometry = footer.geometry;
        store_.write(report_.virtual_size, encode(footer));
        store_.flush();
    }

    [[nodiscard]] bool is_raw() const noexcept { return options_.format == image_format::raw; }
};

/// Dynamic: blocks get their places in the order in which they come.
class block_writer final : public image_writer {
public:
    using image_writer::image_writer;

private:
    void prepare() override
    {
        const std::uint32_t block_size = options_.block_size_bytes;
        detail::check_new_blocks(store_, report_.virtual_size, block_size);
        table_.assign((report_.virtual_size - 1) / block_size + 1, unallocated);
        bitmap_.assign(bitmap_bytes(block_size), std::byte{0xFF});
        alignment_ = detail::data_alignment(block_size, table_.size());
        unit_ = std::min<std::uint64_t>(block_size, read_ahead::buffer_size);
        const std::uint64_t table_bytes = table_.size() * sizeof(std::uint32_t);
        end_ = detail::new_table_offset + (table_bytes + sector_size - 1) / sector_size * sector_size;
    }

    void put(std::uint64_t offset, std::span<const std::byte> bytes) override
    {
        const std::uint32_t block_size = options_.block_size_bytes;
        std::uint32_t& place = table_[offset / block_size];
        if (place == unallocated) place = add_block();
        write(std::uint64_t{place} * sector_size + bitmap_.size() + offset % block_size, bytes);
    }

    /// Returns the sector that the block begins at.
    std::uint32_t add_block()
    {
        const std::uint64_t data = (end_ + bitmap_.size() + alignment_ - 1) / alignment_ * alignment_;
        const std::uint64_t place = data - bitmap_.size();
        store_.write(place, bitmap_);
        end_ = data + options_.block_size_bytes;
        ++report_.blocks_allocated;
        return static_cast<std::uint32_t>(place / sector_size);
    }

    void finish() override
    {
        dynamic_header header;
        header.table_offset = detail::new_table_offset;
        header.block_size = options_.block_size_bytes;
        header.max_table_entries = static_cast<std::uint32_t>(table_.size());
        store_.write(detail::new_header_offset, encode(header));
        detail::write_table(store_, header.table_offset, table_);
        // Zeros at the end of the last block may not have been written.
        if (store_.size() < end_) store_.truncate(end_);
        store_.flush();
        const disk_footer footer =
            detail::make_new_footer(report_.virtual_size, disk_type::dynamic, options_.id, options_.timestamp);
        report_.geometry = footer.geometry;
        const sector bytes = encode(footer);
        store_.write(0, bytes);
        store_.write(end_, bytes);
        store_.flush();
    }

    std::vector<std::uint32_t> table_;
    std::vector<std::byte> bitmap_; // of any block: all that it has is the guest's
    std::uint64_t alignment_ = sector_size;
    std::uint64_t end_ = 0; // of the last block, or of the table
};

} // namespace

write_report write_image(byte_store& store, guest_reader& guest, const write_options& options, work_monitor& monitor)
{
    switch (options.format) {
    case image_format::dynamic: return block_writer(store, guest, options, monitor).run();
    case image_format::fixed:
    case image_format::raw: return flat_writer(store, guest, options, monitor).run();
    }
    detail::fail(store, errc::unsupported_type);
}

} // namespace vmtask::vhd
