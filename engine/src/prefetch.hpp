// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace vmtask::detail {

/// Has the processor fetch the first cache lines of what is needed next: with
/// many tasks about it has left the caches long ago. Null does no harm.
inline void prefetch(const void* needed) noexcept
{
    constexpr int line = 64;
    const auto* const bytes = static_cast<const char*>(needed);
    __builtin_prefetch(bytes, 1);
    __builtin_prefetch(bytes + line, 1);
    __builtin_prefetch(bytes + 2 * line, 1);
}

} // namespace vmtask::detail
