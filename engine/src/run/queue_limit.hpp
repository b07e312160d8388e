// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace vmtask::detail {

/// Whether the task that was given this id is one too many in the queue, when
/// `left` tasks have left it.
[[nodiscard]] constexpr bool is_over_limit(std::uint64_t id, std::uint64_t left, std::uint64_t limit) noexcept
{
    // More may have left than came up to this one: its poster was interrupted,
    // and tasks of others have overtaken it.
    return id > left && id - left > limit;
}

} // namespace vmtask::detail
