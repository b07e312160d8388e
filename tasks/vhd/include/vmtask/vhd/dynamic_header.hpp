// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/footer.hpp>
#include <vmtask/vhd/format.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>

namespace vmtask::vhd {

inline constexpr std::size_t dynamic_header_size = 1024;

/// Where the path of a parent is stored, in one of several notations.
struct parent_locator {
    std::uint32_t code = 0;        // "W2ku", "W2ru", ...; 0: none
    std::uint32_t data_space = 0;  // sectors by the specification; some write bytes
    std::uint32_t data_length = 0; // bytes
    std::uint64_t data_offset = 0; // bytes

    friend bool operator==(const parent_locator&, const parent_locator&) = default;
};

/// What an image with a table has besides its footer.
///
/// Source: VHD specification 1.0, "Dynamic Disk Header Format".
struct dynamic_header {
    std::uint64_t data_offset = ~0ULL; // unused, all ones
    std::uint64_t table_offset = 0;    // bytes
    std::uint32_t version = 0x0001'0000;
    std::uint32_t max_table_entries = 0;
    std::uint32_t block_size = 0; // bytes of data in a block
    uuid parent_id{};
    std::uint32_t parent_timestamp = 0;
    std::u16string parent_name; // at most 256 units
    std::array<parent_locator, 8> parent_locators{};

    friend bool operator==(const dynamic_header&, const dynamic_header&) = default;
};

/// The header as it stands in the file, with its checksum.
[[nodiscard]] std::array<std::byte, dynamic_header_size> encode(const dynamic_header& header);

/// Whether `bytes` are a header that can be trusted: nothing, errc::bad_header
/// (no cookie), errc::bad_header_checksum or errc::unsupported_version.
[[nodiscard]] std::error_code check_header(std::span<const std::byte, dynamic_header_size> bytes);

/// The fields of a header, unchecked.
[[nodiscard]] dynamic_header decode_header(std::span<const std::byte, dynamic_header_size> bytes);

} // namespace vmtask::vhd
