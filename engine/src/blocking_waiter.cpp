// SPDX-License-Identifier: BSL-1.0
#include "blocking_waiter.hpp"

#include "spin.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace vmtask::detail {
namespace {

constexpr auto pending = static_cast<std::uint32_t>(wait_outcome::pending);
constexpr std::uint32_t parked = 0xFFFF'FFFF;

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t), "the kernel waits on the plain word");

void futex_wait(const std::atomic<std::uint32_t>* word, std::uint32_t expected) noexcept
{
    ::syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

void futex_wake_one(const std::atomic<std::uint32_t>* word) noexcept
{
    ::syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

} // namespace

void blocking_waiter::complete(wait_outcome outcome) noexcept
{
    // From the exchange on the thread may return and its stack be anything. The
    // kernel is given the address only: at worst it wakes a stranger, who looks
    // at its own word and goes back to sleep. std::atomic::notify_one is not
    // promised to work on an object that is gone.
    const auto* const word = &signal_;
    if (signal_.exchange(static_cast<std::uint32_t>(outcome), std::memory_order_acq_rel) == parked)
        futex_wake_one(word);
}

wait_outcome blocking_waiter::wait() noexcept
{
    std::uint32_t seen = pending;
    const bool signalled = spin_until([&] { return (seen = signal_.load(std::memory_order_acquire)) != pending; });
    if (!signalled && signal_.compare_exchange_strong(seen, parked, std::memory_order_acq_rel)) {
        while ((seen = signal_.load(std::memory_order_acquire)) == parked) futex_wait(&signal_, parked);
    }
    return static_cast<wait_outcome>(seen);
}

} // namespace vmtask::detail
