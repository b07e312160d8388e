// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/layout.hpp>

#include <cstdint>
#include <optional>

namespace vmtask::vhd {

/// A stretch of the disk that has a place in the file; all in bytes.
struct mapped_range {
    std::uint64_t guest_offset = 0;
    std::uint64_t length = 0;
    std::uint64_t file_offset = 0; // of the guest's data, behind a block's bitmap

    friend bool operator==(const mapped_range&, const mapped_range&) = default;
};

/// The first range that begins at or after `guest_offset`; nothing if there is
/// none. A fixed disk is one range, of others each block is.
///
/// Going on at a range's end lists them all, and takes no memory.
[[nodiscard]] std::optional<mapped_range> next_range(const layout& disk, std::uint64_t guest_offset) noexcept;

} // namespace vmtask::vhd
