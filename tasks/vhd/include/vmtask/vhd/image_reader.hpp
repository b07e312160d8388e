// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/dynamic_header.hpp>
#include <vmtask/vhd/footer.hpp>
#include <vmtask/vhd/guest_reader.hpp>
#include <vmtask/vhd/layout.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vmtask::vhd {

/// A disk of any type as its guest reads it, also over a parent, and so on.
///
/// It takes the same small memory for the largest disk, so that a chain of a
/// hundred fits: it reads the parts of the table that it needs. It refers to the
/// store and the parent, which have to outlive it; nobody may change the image,
/// or any beneath it, meanwhile.
class image_reader final : public guest_reader {
public:
    /// Precondition: read_layout() has made `disk` from this store.
    ///
    /// Without a parent, where a differencing disk has nothing is nothing: zeros.
    image_reader(byte_store& store, const layout& disk, guest_reader* parent);

    image_reader(byte_store& store, const disk_footer& footer, const dynamic_header& header, guest_reader* parent);

    [[nodiscard]] std::uint64_t size() const override { return footer_.current_size; }
    [[nodiscard]] const std::string& name() const { return store_->name(); }
    [[nodiscard]] std::uint32_t block_size() const noexcept { return header_.block_size; } // 0 if it is fixed
    [[nodiscard]] bool has_saved_state() const noexcept { return footer_.saved_state != 0; }
    void read(std::uint64_t offset, std::span<std::byte> into) override;
    [[nodiscard]] std::uint64_t next_data(std::uint64_t offset) override;

    /// The next sectors, at or after `offset` and within one block, that the image
    /// itself has, whatever is beneath. Empty, at size(), if there are none.
    ///
    /// Precondition: the disk is not fixed.
    [[nodiscard]] extent next_own(std::uint64_t offset);

    /// How many blocks have a place. Precondition: the disk is not fixed.
    [[nodiscard]] std::uint32_t allocated_blocks();

private:
    struct stretch {
        std::uint64_t length = 0;
        bool is_own = false;
        std::uint64_t place = 0; // in the file, if it is own
    };

    [[nodiscard]] stretch stretch_at(std::uint64_t offset, std::uint64_t most);
    [[nodiscard]] std::uint64_t next_own_data(std::uint64_t offset);
    [[nodiscard]] std::uint64_t find_own_data(std::uint64_t offset);
    [[nodiscard]] std::uint32_t next_allocated(std::uint32_t block);
    [[nodiscard]] std::uint32_t place_of(std::uint32_t block);
    [[nodiscard]] std::span<const std::byte> bitmap_of(std::uint32_t block);
    [[nodiscard]] std::uint32_t blocks() const noexcept;

    byte_store* store_;
    guest_reader* parent_;
    disk_footer footer_;
    dynamic_header header_;

    std::vector<std::uint32_t> window_; // of the table
    std::uint32_t window_begin_ = 0;
    std::vector<std::byte> bitmap_;
    std::uint32_t bitmap_block_ = unallocated; // whose it is
    extent gap_;                               // found to have no data of its own
};

} // namespace vmtask::vhd
