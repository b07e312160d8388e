// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/guest_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace vmtask::vhd::detail {

/// Reads what a parent shows beneath a disk: zeros where it ends, or if there is none.
void read_beneath(guest_reader* parent, std::uint64_t offset, std::span<std::byte> into);

/// guest_reader::next_data() of the same, for a disk of `size` bytes.
[[nodiscard]] std::uint64_t next_data_beneath(guest_reader* parent, std::uint64_t offset, std::uint64_t size);

} // namespace vmtask::vhd::detail
