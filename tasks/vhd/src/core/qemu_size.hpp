// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <algorithm>
#include <array>

namespace vmtask::vhd::detail {

/// Whether QEMU takes the footer's size from an image by this creator, and not
/// that of the geometry.
[[nodiscard]] inline bool does_qemu_trust(const std::array<char, 4>& creator) noexcept
{
    constexpr std::array<std::array<char, 4>, 5> trusted{{{'w', 'i', 'n', ' '},
                                                          {'q', 'e', 'm', '2'},
                                                          {'d', '2', 'v', ' '},
                                                          {'t', 'a', 'p', '\0'},
                                                          {'C', 'T', 'X', 'S'}}};
    return std::ranges::find(trusted, creator) != trusted.end();
}

} // namespace vmtask::vhd::detail
