// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace vmtask::detail {

/// Has the processor fetch the first cache lines of what is needed next: with
/// many tasks about it has left the caches long ago. Null does no harm.
inline void prefetch(const void* needed) noexcept
{
    constexpr std::uintptr_t line = 64;
    // As numbers, because what is needed may be null, or less than three lines.
    const auto begin = reinterpret_cast<std::uintptr_t>(needed);
    for (std::uintptr_t at = begin; at < begin + 3 * line; at += line)
        __builtin_prefetch(reinterpret_cast<const void*>(at), 1);
}

} // namespace vmtask::detail
