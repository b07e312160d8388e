// SPDX-License-Identifier: BSL-1.0

#include "pace.hpp"

#include <cmath>

namespace vmtask::cli {

namespace {

// Seconds after which an observation counts about a third.
constexpr double memory_seconds = 3;

// Less of observation says nothing.
constexpr double enough_seconds = 0.2;

} // namespace

void pace::update(std::uint64_t done, std::uint64_t total, clock::time_point now)
{
    const double elapsed = std::chrono::duration<double>(now - updated_).count();
    if (begun_ && elapsed <= 0) return;
    if (begun_ && done >= done_) {
        // Units and seconds fade alike, so their quotient is a rate from the
        // first update on, not one that climbs from zero.
        const double fading = std::exp(-elapsed / memory_seconds);
        const double units = rate_ * known_ * fading + static_cast<double>(done - done_);
        known_ = known_ * fading + elapsed;
        rate_ = units / known_;
    }
    begun_ = true;
    done_ = done;
    total_ = total;
    updated_ = now;
}

std::optional<double> pace::rate() const noexcept
{
    if (known_ < enough_seconds) return std::nullopt;
    return rate_;
}

std::optional<std::chrono::duration<double>> pace::time_left() const noexcept
{
    if (known_ < enough_seconds || rate_ < 1 || total_ < done_) return std::nullopt;
    return std::chrono::duration<double>(static_cast<double>(total_ - done_) / rate_);
}

} // namespace vmtask::cli
