// SPDX-License-Identifier: BSL-1.0
#include "record/progress_cell.hpp"

#include <algorithm>
#include <thread>

namespace vmtask::detail {
namespace {

double clamp_fraction(double fraction) noexcept
{
    // Written so that what is not a number counts as nothing.
    return fraction > 0 ? std::min(fraction, 1.0) : 0.0;
}

} // namespace

void progress_cell::report(double fraction) noexcept
{
    write(clamp_fraction(fraction), 0, 0);
}

void progress_cell::report(std::uint64_t done, std::uint64_t total) noexcept
{
    const double fraction = total == 0 ? 0.0 : static_cast<double>(done) / static_cast<double>(total);
    write(clamp_fraction(fraction), done, total);
}

void progress_cell::report(double fraction, std::uint64_t done, std::uint64_t total) noexcept
{
    write(clamp_fraction(fraction), done, total);
}

/// Takes the writers' turn: the version is odd until the caller makes it even.
std::uint32_t progress_cell::begin_writing() noexcept
{
    std::uint32_t version = version_.load(std::memory_order_relaxed) & ~1U;
    while (
        !version_.compare_exchange_weak(version, version + 1, std::memory_order_acquire, std::memory_order_relaxed)) {
        if ((version & 1U) != 0) std::this_thread::yield();
        version &= ~1U;
    }
    return version;
}

void progress_cell::raise(double fraction) noexcept
{
    const std::uint32_t version = begin_writing();
    const double higher = std::max(clamp_fraction(fraction), fraction_.load(std::memory_order_relaxed));
    fraction_.store(higher, std::memory_order_release);
    version_.store(version + 2, std::memory_order_release);
}

void progress_cell::write(double fraction, std::uint64_t done, std::uint64_t total) noexcept
{
    const std::uint32_t version = begin_writing();
    // Released one by one, so that a reader who sees any of them also sees the
    // odd version.
    fraction_.store(std::max(fraction, fraction_.load(std::memory_order_relaxed)), std::memory_order_release);
    done_.store(done, std::memory_order_release);
    total_.store(total, std::memory_order_release);
    version_.store(version + 2, std::memory_order_release);
}

progress_cell::numbers progress_cell::read() const noexcept
{
    for (;;) {
        const std::uint32_t before = version_.load(std::memory_order_acquire);
        const numbers read{fraction_.load(std::memory_order_acquire), done_.load(std::memory_order_acquire),
                           total_.load(std::memory_order_acquire)};
        if ((before & 1U) == 0 && version_.load(std::memory_order_relaxed) == before) return read;
        std::this_thread::yield();
    }
}

} // namespace vmtask::detail
