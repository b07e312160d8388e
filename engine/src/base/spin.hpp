// SPDX-License-Identifier: BSL-1.0
#pragma once

#if defined(__x86_64__) || defined(__i386__)

#include <immintrin.h>
#endif

namespace vmtask::detail {

/// Tells the processor that this thread only waits for another.
inline void pause_processor() noexcept
{
#if defined(__x86_64__) || defined(__i386__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

/// Looks a few times, about a microsecond. True as soon as `done` is.
template <class Predicate>
[[nodiscard]] bool spin_until(Predicate done) noexcept
{
    constexpr int looks = 50;
    for (int look = 0; look < looks; ++look) {
        if (done()) return true;
        pause_processor();
    }
    return false;
}

/// Whether another thread can get on while this one spins.
[[nodiscard]] bool has_several_processors() noexcept;

} // namespace vmtask::detail
