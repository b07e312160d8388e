// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>

namespace vmtask::benchmark {

/// Begins when it is made.
class stopwatch {
public:
    [[nodiscard]] double nanoseconds() const
    {
        return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin_).count();
    }

private:
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// Has the compiler take the value for used.
template <class T>
inline void keep(const T& value)
{
    asm volatile("" : : "r,m"(value) : "memory");
}

} // namespace vmtask::benchmark
