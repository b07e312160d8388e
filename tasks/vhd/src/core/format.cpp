// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/format.hpp>

namespace vmtask::vhd {

std::uint32_t checksum(std::span<const std::byte> bytes, std::size_t field) noexcept
{
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        if (i < field || i >= field + 4) sum += std::to_integer<std::uint32_t>(bytes[i]);
    return ~sum;
}

} // namespace vmtask::vhd
