// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/zero.hpp>

#include <cstring>

namespace vmtask::vhd {

// Each byte equals its neighbour and the first is zero. The C library compares
// with the widest registers that the machine has, whatever we are compiled for.
bool is_zero(std::span<const std::byte> bytes) noexcept
{
    if (bytes.empty()) return true;
    return bytes.front() == std::byte{} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

} // namespace vmtask::vhd
