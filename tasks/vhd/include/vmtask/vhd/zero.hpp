// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <span>

namespace vmtask::vhd {

/// Whether all bytes are zero, at about the speed of memory.
[[nodiscard]] bool is_zero(std::span<const std::byte> bytes) noexcept;

} // namespace vmtask::vhd
