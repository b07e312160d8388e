// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vmtask::vhd::detail {

/// The number that stands big-endian at `offset`.
template <std::unsigned_integral Number>
[[nodiscard]] constexpr Number get(std::span<const std::byte> bytes, std::size_t offset) noexcept
{
    Number value = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
        if constexpr (sizeof(Number) > 1) value = static_cast<Number>(value << 8);
        value = static_cast<Number>(value | std::to_integer<Number>(bytes[offset + i]));
    }
    return value;
}

/// Turns numbers that stand big-endian in memory into the machine's, in place.
///
/// One by one would do; a table has millions of them.
inline void from_big_endian(std::span<std::uint32_t> numbers) noexcept
{
    if constexpr (std::endian::native == std::endian::little)
        for (std::uint32_t& number : numbers) number = __builtin_bswap32(number);
}

template <std::unsigned_integral Number>
constexpr void put(std::span<std::byte> bytes, std::size_t offset, Number value) noexcept
{
    for (std::size_t i = 0; i < sizeof(Number); ++i)
        bytes[offset + i] = static_cast<std::byte>((value >> (8 * (sizeof(Number) - 1 - i))) & 0xFF);
}

template <std::size_t Size>
[[nodiscard]] std::array<char, Size> get_text(std::span<const std::byte> bytes, std::size_t offset) noexcept
{
    std::array<char, Size> text{};
    std::ranges::transform(bytes.subspan(offset, Size), text.begin(), [](std::byte b) { return static_cast<char>(b); });
    return text;
}

inline void put_text(std::span<std::byte> bytes, std::size_t offset, std::span<const char> text) noexcept
{
    std::ranges::transform(text, bytes.begin() + static_cast<std::ptrdiff_t>(offset),
                           [](char c) { return static_cast<std::byte>(c); });
}

} // namespace vmtask::vhd::detail
