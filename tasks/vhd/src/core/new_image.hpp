// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/footer.hpp>
#include <vmtask/vhd/format.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace vmtask::vhd::detail {

inline constexpr std::uint64_t new_header_offset = sector_size;
inline constexpr std::uint64_t new_table_offset = new_header_offset + 1024;

/// Now, as the format counts.
[[nodiscard]] std::uint32_t seconds_since_2000();

/// Errors: invalid_size.
void check_new_size(const byte_store& store, std::uint64_t size);

/// Errors: invalid_block_size, table_too_large.
void check_new_blocks(const byte_store& store, std::uint64_t size, std::uint32_t block_size);

/// The footer of a new disk whose size all programs understand alike.
[[nodiscard]] disk_footer make_new_footer(std::uint64_t size, disk_type type, const std::optional<uuid>& id,
                                          std::optional<std::uint32_t> timestamp);

/// Writes a whole table, and fills its last sector; returns where it ends.
std::uint64_t write_table(byte_store& store, std::uint64_t offset, std::span<const std::uint32_t> table);

/// At multiples of how many bytes the data of new blocks should begin.
///
/// A page, as the guest's file system and the host's count, where the padding
/// hardly shows and the format's 32-bit sectors still reach every block.
[[nodiscard]] std::uint64_t data_alignment(std::uint32_t block_size, std::size_t blocks) noexcept;

} // namespace vmtask::vhd::detail
