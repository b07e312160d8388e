// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/zero.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace vmtask::vhd {

namespace {

// Two words in one register; where the machine has none so wide, the compiler
// takes two.
using words = std::uint64_t __attribute__((vector_size(16)));

constexpr std::size_t step = 4 * sizeof(words);
/// As many bytes as are joined before one look at what came of them.
constexpr std::size_t stretch = 8 * step;

words load(const std::byte* bytes) noexcept
{
    words loaded;
    std::memcpy(&loaded, bytes, sizeof loaded);
    return loaded;
}

words join_step(const std::byte* bytes) noexcept
{
    constexpr std::size_t next = sizeof(words);
    return (load(bytes) | load(bytes + next)) | (load(bytes + 2 * next) | load(bytes + 3 * next));
}

bool is_stretch_zero(const std::byte* bytes) noexcept
{
    // Two, so that one need not wait for the other.
    words even = join_step(bytes);
    words odd = join_step(bytes + step);
    for (std::size_t at = 2 * step; at < stretch; at += 2 * step) {
        even |= join_step(bytes + at);
        odd |= join_step(bytes + at + step);
    }
    even |= odd;
    return (even[0] | even[1]) == 0;
}

} // namespace

bool is_zero(std::span<const std::byte> bytes) noexcept
{
    for (; bytes.size() >= stretch; bytes = bytes.subspan(stretch))
        if (!is_stretch_zero(bytes.data())) return false;
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte each) { return each == std::byte{}; });
}

} // namespace vmtask::vhd
