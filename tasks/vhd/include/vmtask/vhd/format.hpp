// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vmtask::vhd {

inline constexpr std::uint32_t sector_size = 512;
using sector = std::array<std::byte, sector_size>;

/// What a table entry says of a block that has no place in the file.
inline constexpr std::uint32_t unallocated = 0xFFFF'FFFF;

/// The specification's limit for disks with a table: 2040 GiB.
inline constexpr std::uint64_t largest_size_bytes = std::uint64_t{2040} << 30;

/// The largest table we take on, in entries: 2040 GiB in blocks of 512 KiB.
/// It bounds the memory that an image can make us use.
inline constexpr std::uint32_t largest_table = 1U << 22;

/// Length of a block's bitmap in the file: a bit per sector, whole sectors.
[[nodiscard]] constexpr std::uint32_t bitmap_bytes(std::uint32_t block_size_bytes) noexcept
{
    const std::uint32_t bytes = block_size_bytes / sector_size / 8;
    return bytes <= sector_size ? sector_size : (bytes + sector_size - 1) / sector_size * sector_size;
}

/// Length of a block in the file: its bitmap and its data.
[[nodiscard]] constexpr std::uint64_t stored_block_bytes(std::uint32_t block_size_bytes) noexcept
{
    return std::uint64_t{bitmap_bytes(block_size_bytes)} + block_size_bytes;
}

/// Whether the format allows blocks of this size: a power of two, a sector or more.
[[nodiscard]] constexpr bool is_block_size(std::uint32_t bytes) noexcept
{
    return bytes >= sector_size && (bytes & (bytes - 1)) == 0;
}

/// Ones' complement of the sum of all bytes but the four at `field`.
///
/// Source: VHD specification 1.0, "Checksum".
[[nodiscard]] std::uint32_t checksum(std::span<const std::byte> bytes, std::size_t field) noexcept;

} // namespace vmtask::vhd
