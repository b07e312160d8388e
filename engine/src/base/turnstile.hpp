// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>

namespace vmtask::detail {

/// Lets threads in until it is closed, and knows when the last one is out.
///
/// Thread safety: all members. Whoever is inside sees to it that it is not
/// destroyed before leave() has returned.
class turnstile {
public:
    /// False once it is closed; else leave() is to follow.
    [[nodiscard]] bool enter() noexcept
    {
        if ((inside_.fetch_add(1, std::memory_order_acquire) & closed) == 0) return true;
        leave();
        return false;
    }

    void leave() noexcept
    {
        if (inside_.fetch_sub(1, std::memory_order_release) - 1 == closed) inside_.notify_all();
    }

    /// Lets nobody in any more, and waits for those inside.
    void close() noexcept
    {
        std::uint32_t seen = inside_.fetch_or(closed, std::memory_order_acquire) | closed;
        for (; seen != closed; seen = inside_.load(std::memory_order_acquire)) inside_.wait(seen);
    }

private:
    static constexpr std::uint32_t closed = std::uint32_t{1} << 31;

    std::atomic<std::uint32_t> inside_{0}; // and `closed`
};

} // namespace vmtask::detail
