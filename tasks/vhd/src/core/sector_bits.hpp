// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace vmtask::vhd::detail {

// A block's bitmap: a bit per sector, the first one in a byte's highest bit.

[[nodiscard]] constexpr std::byte mask_of(std::uint32_t bit) noexcept
{
    return std::byte{0x80} >> (bit % 8);
}

[[nodiscard]] constexpr bool is_set(std::span<const std::byte> bitmap, std::uint32_t bit) noexcept
{
    return (bitmap[bit / 8] & mask_of(bit)) != std::byte{};
}

/// The first bit from `first` to before `last` that is set, or clear; `last` if there is none.
[[nodiscard]] constexpr std::uint32_t find_bit(std::span<const std::byte> bitmap, std::uint32_t first,
                                               std::uint32_t last, bool wanted) noexcept
{
    const std::byte unwanted{wanted ? std::uint8_t{0} : std::uint8_t{0xFF}};
    while (first < last && is_set(bitmap, first) != wanted)
        first += first % 8 == 0 && bitmap[first / 8] == unwanted ? 8U : 1U;
    return first < last ? first : last;
}

} // namespace vmtask::vhd::detail
