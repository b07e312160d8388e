// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/guest_reader.hpp>
#include <vmtask/vhd/layout.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace vmtask::vhd {

/// A disk as its guest sees it: sectors that are read and written.
///
/// Disks of all types, a differencing one with its parent. Like a disk's own cache, it may lose what was
/// written since the last flush() when it is destroyed or the power goes, but
/// the image stays valid. It refers to the store and the parent, which have to
/// outlive it and must not be changed by anyone else.
///
/// Thread safety: none; one caller at a time.
class image : public guest_reader {
public:
    /// Opens the image after read_layout()'s checks, with its errors.
    ///
    /// Without its parent a differencing disk is neither read nor written.
    explicit image(byte_store& store, guest_reader* parent = nullptr);

    [[nodiscard]] disk_type type() const noexcept { return layout_.footer.type; }
    [[nodiscard]] std::uint64_t size() const noexcept override { return layout_.footer.current_size; }
    [[nodiscard]] std::uint32_t block_size() const noexcept { return layout_.header.block_size; }
    [[nodiscard]] const vhd::layout& layout() const noexcept { return layout_; }

    [[nodiscard]] const std::string& name() const { return store_->name(); }

    /// How long its file is now, in bytes.
    [[nodiscard]] std::uint64_t file_size() const { return store_->size(); }

    /// Throws what the first write would, without writing.
    ///
    /// Errors: differencing_disk, saved_state, foreign_block_map.
    void check_writable() const;

    /// Whether the block has a place in the file. False for a block that is not there.
    [[nodiscard]] bool is_allocated(std::uint32_t block) const noexcept;

    /// Reads whole sectors; those never written are the parent's, or zeros.
    ///
    /// Errors: unaligned_access, beyond_the_end, differencing_disk.
    void read(std::uint64_t offset, std::span<std::byte> into) override;

    /// Blocks without a place and holes of the file are known to be zeros.
    [[nodiscard]] std::uint64_t next_data(std::uint64_t offset) override;

    /// Writes whole sectors, giving their blocks a place where they have none,
    /// also when all that is written is zeros.
    ///
    /// Of a differencing disk it may write neighbouring sectors, too, as they are.
    ///
    /// Errors: as read(), and saved_state, foreign_block_map (new blocks might lie
    /// on it), disk_too_full.
    void write(std::uint64_t offset, std::span<const std::byte> from);

    /// Makes everything written so far durable.
    ///
    /// When it has failed it may be repeated, and the image stays valid. But a
    /// store that has failed to flush may have lost what was written since the
    /// last flush, and need not say so again.
    void flush();

private:
    using bitmap = std::vector<std::byte>;

    /// Everything about a block that the file does not say yet.
    struct pending_block {
        bitmap written;      // the bitmap to be
        bool is_new = false; // the file's table does not know it yet
    };

    [[nodiscard]] bool is_without_parent() const noexcept
    {
        return type() == disk_type::differencing && parent_ == nullptr;
    }
    [[nodiscard]] std::uint64_t next_own_data(std::uint64_t offset);
    void check_access(std::uint64_t offset, std::uint64_t length) const;
    template <class Bytes, class Part>
    void for_each_part(std::uint64_t offset, Bytes bytes, Part part);
    void read_part(std::uint32_t block, std::uint32_t offset, std::span<std::byte> into);
    void write_part(std::uint32_t block, std::uint32_t offset, std::span<const std::byte> from);
    void mark_written(std::uint32_t block, std::uint32_t first, std::uint32_t last);
    void complete_byte(std::uint32_t block, std::uint32_t bit);
    const bitmap& bitmap_of(std::uint32_t block);
    pending_block& pending_of(std::uint32_t block);
    void allocate(std::uint32_t block);
    void begin_growing();
    void write_new_bitmaps_and_footer();
    void write_pending_entries();
    [[nodiscard]] std::uint64_t data_offset(std::uint32_t block) const noexcept;

    byte_store* store_;
    guest_reader* parent_ = nullptr; // of a differencing disk
    vhd::layout layout_;
    std::uint64_t end_of_blocks_ = 0; // where the next block may go
    bool has_foreign_map_ = false;
    bool settled_ = false; // the file's footer copy and table are known to be durable
    bool growing_ = false; // the footer at the end has to be written anew
    std::map<std::uint32_t, pending_block> pending_;
    std::uint32_t cached_block_ = unallocated; // whose bitmap this is:
    bitmap cached_bitmap_;
};

} // namespace vmtask::vhd
