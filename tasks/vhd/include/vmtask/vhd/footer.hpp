// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/format.hpp>
#include <vmtask/vhd/geometry.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>

namespace vmtask::vhd {

/// How a disk keeps its data. The enumerators' values are the format's.
enum class disk_type : std::uint32_t {
    none = 0,
    fixed = 2,
    dynamic = 3,
    differencing = 4,
};

using uuid = std::array<std::byte, 16>;

/// As in 6c0b2f4e-0a3d-4f0e-9a37-5a1b4b1b7f3a.
[[nodiscard]] std::string to_string(const uuid& id);

/// A random one (version 4).
[[nodiscard]] uuid make_uuid();

/// The last sector of an image, and of one with a table also the first.
///
/// Source: VHD specification 1.0, "Hard Disk Footer Format".
struct disk_footer {
    std::uint32_t features = 2;          // the bit that is always set
    std::uint32_t version = 0x0001'0000; // of the format
    std::uint64_t data_offset = ~0ULL;   // of the header in bytes; all ones without one
    std::uint32_t timestamp = 0;         // seconds since 2000-01-01 00:00:00 UTC
    std::array<char, 4> creator_application{'w', 'i', 'n', ' '};
    std::uint32_t creator_version = 0;
    std::array<char, 4> creator_host_os{'W', 'i', '2', 'k'};
    std::uint64_t original_size = 0; // bytes
    std::uint64_t current_size = 0;  // bytes; the disk's size
    vhd::geometry geometry;
    disk_type type = disk_type::none;
    uuid id{};
    std::uint8_t saved_state = 0;

    friend bool operator==(const disk_footer&, const disk_footer&) = default;
};

/// The footer as it stands in the file, with its checksum.
[[nodiscard]] sector encode(const disk_footer& footer);

/// Whether `bytes` are a footer that can be trusted: nothing, errc::not_a_vhd
/// (no cookie), errc::bad_footer_checksum or errc::unsupported_version.
[[nodiscard]] std::error_code check_footer(std::span<const std::byte, sector_size> bytes);

/// The fields of a footer, unchecked.
[[nodiscard]] disk_footer decode_footer(std::span<const std::byte, sector_size> bytes);

} // namespace vmtask::vhd
