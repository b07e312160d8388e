// SPDX-License-Identifier: BSL-1.0
#include "base/small_mutex.hpp"

#include "base/futex.hpp"
#include "base/spin.hpp"

namespace vmtask::detail {

void small_mutex::lock_contended() noexcept
{
    const bool free = spin_until([this] { return state_.load(std::memory_order_relaxed) == unlocked; });
    std::uint32_t expected = unlocked;
    if (free && state_.compare_exchange_strong(expected, locked, std::memory_order_acquire, std::memory_order_relaxed))
        return;
    while (state_.exchange(contended, std::memory_order_acquire) != unlocked) futex_wait(state_, contended);
}

void small_mutex::wake(const std::atomic<std::uint32_t>* word) noexcept
{
    futex_wake_one(word);
}

} // namespace vmtask::detail
