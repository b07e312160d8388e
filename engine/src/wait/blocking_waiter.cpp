// SPDX-License-Identifier: BSL-1.0
#include "wait/blocking_waiter.hpp"

#include "base/futex.hpp"

#include "base/ranked_mutex.hpp"

namespace vmtask::detail {
namespace {

constexpr auto pending = static_cast<std::uint32_t>(wait_outcome::pending);
constexpr std::uint32_t parked = 0xFFFF'FFFF;

} // namespace

void blocking_waiter::complete(wait_outcome outcome) noexcept
{
    // From the exchange on the thread may return and its stack be anything.
    const auto* const word = &signal_;
    if (signal_.exchange(static_cast<std::uint32_t>(outcome), std::memory_order_acq_rel) == parked)
        futex_wake_one(word);
}

wait_outcome blocking_waiter::wait() noexcept
{
    assert_no_lock_held("a thread waits for a task");
    std::uint32_t seen = pending;
    if (signal_.compare_exchange_strong(seen, parked, std::memory_order_acq_rel)) {
        while ((seen = signal_.load(std::memory_order_acquire)) == parked) futex_wait(signal_, parked);
    }
    return static_cast<wait_outcome>(seen);
}

} // namespace vmtask::detail
