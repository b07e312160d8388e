// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>

namespace vmtask::detail {

/// A mutex of four bytes, of which every task has one; std::mutex has forty.
/// Uncontended it costs the same. Not recursive.
class small_mutex {
public:
    void lock() noexcept
    {
        std::uint32_t expected = unlocked;
        if (!state_.compare_exchange_strong(expected, locked, std::memory_order_acquire, std::memory_order_relaxed))
            lock_contended();
    }

    [[nodiscard]] bool try_lock() noexcept
    {
        std::uint32_t expected = unlocked;
        return state_.compare_exchange_strong(expected, locked, std::memory_order_acquire, std::memory_order_relaxed);
    }

    void unlock() noexcept
    {
        // The last touch: whoever locks next may destroy the mutex.
        const auto* const word = &state_;
        if (state_.exchange(unlocked, std::memory_order_release) == contended) wake(word);
    }

private:
    static constexpr std::uint32_t unlocked = 0;
    static constexpr std::uint32_t locked = 1;
    static constexpr std::uint32_t contended = 2; // locked, and somebody may sleep

    void lock_contended() noexcept;
    static void wake(const std::atomic<std::uint32_t>* word) noexcept;

    std::atomic<std::uint32_t> state_{unlocked};
};

} // namespace vmtask::detail
