// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/geometry.hpp>

#include <algorithm>

namespace vmtask::vhd {

namespace {

struct shape {
    std::uint64_t heads;
    std::uint64_t sectors_per_track;
};

/// The fewest sectors a track, of those that a BIOS knows, with which the
/// cylinders stay within the 1024 that it can address.
shape shape_for(std::uint64_t sectors) noexcept
{
    if (sectors >= std::uint64_t{65535} * 16 * 63) return {16, 255};

    const std::uint64_t tracks = sectors / 17;
    const std::uint64_t heads = std::max<std::uint64_t>(4, (tracks + 1023) / 1024);
    if (heads <= 16 && tracks < heads * 1024) return {heads, 17};
    if (sectors / 31 < 16 * 1024) return {16, 31};
    return {16, 63};
}

} // namespace

geometry geometry_for(std::uint64_t sectors) noexcept
{
    const std::uint64_t within = std::min(sectors, largest_geometry.sectors());
    const auto [heads, sectors_per_track] = shape_for(within);
    return {static_cast<std::uint16_t>(within / sectors_per_track / heads), static_cast<std::uint8_t>(heads),
            static_cast<std::uint8_t>(sectors_per_track)};
}

} // namespace vmtask::vhd
