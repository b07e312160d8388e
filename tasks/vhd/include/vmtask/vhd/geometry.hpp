// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstdint>

namespace vmtask::vhd {

/// Cylinders, heads and sectors, as a disk on an ATA bus describes itself.
struct geometry {
    std::uint16_t cylinders = 0;
    std::uint8_t heads = 0;
    std::uint8_t sectors_per_track = 0;

    /// What the three describe together.
    [[nodiscard]] constexpr std::uint64_t sectors() const noexcept
    {
        return std::uint64_t{cylinders} * heads * sectors_per_track;
    }

    friend bool operator==(const geometry&, const geometry&) = default;
};

/// The largest geometry there is (127.5 GiB); larger disks have this one too.
inline constexpr geometry largest_geometry{65535, 16, 255};

/// The geometry of a disk of `sectors` sectors. It describes as many or fewer,
/// because the number of cylinders is rounded down.
///
/// Source: VHD specification 1.0, appendix "CHS Calculation".
[[nodiscard]] geometry geometry_for(std::uint64_t sectors) noexcept;

} // namespace vmtask::vhd
