// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace vmtask::cli {

/// How fast work goes, and how long it will still take.
///
/// Follows changes of speed within a few seconds, and does not jump when one
/// report comes late.
class pace {
public:
    using clock = std::chrono::steady_clock;

    /// So much was done, and so much there is, at that time. What was done
    /// before the first call does not count as speed.
    void update(std::uint64_t done, std::uint64_t total, clock::time_point now);

    /// Units a second; nothing until it can be told.
    [[nodiscard]] std::optional<double> rate() const noexcept;

    /// Nothing until it can be told, and while nothing moves.
    [[nodiscard]] std::optional<std::chrono::duration<double>> time_left() const noexcept;

private:
    std::uint64_t done_ = 0;
    std::uint64_t total_ = 0;
    clock::time_point updated_{};
    bool begun_ = false;
    double rate_ = 0;
    double known_ = 0; // seconds of observation, weighted as the rate is
};

} // namespace vmtask::cli
