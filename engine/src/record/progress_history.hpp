// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "record/progress_cell.hpp"

#include <vmtask/detail/deadline.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace vmtask::detail {

/// How far a task was at some points of time, as those saw it who asked: enough
/// to tell how fast it gets on. Reporting knows nothing of it and of no clock.
///
/// It looks back over the last ten seconds, or, where nobody asked for longer
/// than that, to the time before. A pure value: it is told the time.
///
/// Thread safety: none; the task's lock guards it.
class progress_history {
public:
    /// Precondition: `now` is not earlier than before.
    void note(steady_time now, const progress_cell::numbers& numbers) noexcept;
    /// What is counted from now on is something else.
    void begin_other_units() noexcept { ++series_; }

    /// Unknown before a second has passed of the same series of units.
    [[nodiscard]] std::optional<double> units_per_second() const noexcept;
    /// Unknown before a second has passed, and while nothing moves; else from 0
    /// to a year.
    [[nodiscard]] std::optional<std::chrono::milliseconds> time_left() const noexcept;

private:
    struct sample {
        steady_time when{};
        double fraction = 0;
        std::uint64_t done = 0;
        std::uint64_t series = 0;
    };

    [[nodiscard]] const sample& at(std::size_t index) const noexcept { return ring_[(first_ + index) % ring_.size()]; }
    void keep(const sample& kept) noexcept;
    void drop_old(steady_time now) noexcept;

    std::array<sample, 12> ring_{};
    std::size_t first_ = 0; // the oldest
    std::size_t count_ = 0;
    sample latest_{};
    std::uint64_t series_ = 0;
};

} // namespace vmtask::detail
