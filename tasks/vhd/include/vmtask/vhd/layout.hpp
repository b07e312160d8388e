// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/dynamic_header.hpp>
#include <vmtask/vhd/footer.hpp>
#include <vmtask/vhd/format.hpp>

#include <cstdint>
#include <vector>

namespace vmtask::vhd {

/// A stretch of the file, in bytes.
struct extent {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;

    [[nodiscard]] constexpr std::uint64_t end() const noexcept { return offset + length; }

    friend bool operator==(const extent&, const extent&) = default;
};

/// Where everything in an image is, checked to be possible.
struct layout {
    std::uint64_t file_size = 0;
    disk_footer footer;    // the one that counts
    sector footer_bytes{}; // the same as it stands in the file
    bool leading_footer_valid = false;
    bool trailing_footer_valid = false;

    // The rest is empty for a fixed disk.
    dynamic_header header;
    std::vector<std::uint32_t> table; // each block's place in sectors, or `unallocated`
    std::vector<extent> metadata;     // all that is neither a block nor the trailing footer

    [[nodiscard]] std::uint64_t stored_block_bytes() const noexcept
    {
        return vhd::stored_block_bytes(header.block_size);
    }
    [[nodiscard]] std::uint32_t bitmap_bytes() const noexcept { return vhd::bitmap_bytes(header.block_size); }
    [[nodiscard]] std::uint32_t allocated_blocks() const noexcept;

    /// Where the table's last sector ends.
    [[nodiscard]] std::uint64_t end_of_table() const noexcept;

    /// Where blocks have to end at the latest.
    [[nodiscard]] std::uint64_t end_of_space() const noexcept
    {
        return trailing_footer_valid ? file_size - sector_size : file_size;
    }
};

/// Reads everything about the image but its data, and checks it wholly.
///
/// The footer at the end counts; where it is damaged, the copy at the start.
/// Fixed and differencing disks and disks with a saved state are fine here.
/// Time and memory are linear in the table, which is bounded by largest_table.
///
/// Errors: those of errc's second group, empty_file, file_too_short.
[[nodiscard]] layout read_layout(byte_store& store);

} // namespace vmtask::vhd
