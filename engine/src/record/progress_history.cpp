// SPDX-License-Identifier: BSL-1.0
#include "record/progress_history.hpp"

namespace vmtask::detail {
namespace {

using seconds = std::chrono::duration<double>;

constexpr seconds window{10};
/// Samples are no closer than this, so that those of the window fit the ring,
/// however often somebody asks.
constexpr seconds spacing{1};
/// Less does not tell a speed from an accident.
constexpr seconds shortest{1};
constexpr seconds longest_left = std::chrono::hours(24) * 365;

} // namespace

void progress_history::note(steady_time now, const progress_cell::numbers& numbers) noexcept
{
    // A step that counts anew.
    if (numbers.done < latest_.done) begin_other_units();
    latest_ = {now, numbers.fraction, numbers.done, series_};
    drop_old(now);
    const bool begins = count_ == 0 || at(count_ - 1).series != series_;
    if (begins || now - at(count_ - 1).when >= spacing) keep(latest_);
}

void progress_history::keep(const sample& kept) noexcept
{
    if (count_ == ring_.size()) {
        first_ = (first_ + 1) % ring_.size();
        --count_;
    }
    ring_[(first_ + count_) % ring_.size()] = kept;
    ++count_;
}

/// The youngest of those that are too old stays, unless one of the window is
/// old enough to measure from.
void progress_history::drop_old(steady_time now) noexcept
{
    while (count_ > 1 && now - at(0).when > window && now - at(1).when >= shortest) {
        first_ = (first_ + 1) % ring_.size();
        --count_;
    }
}

std::optional<double> progress_history::units_per_second() const noexcept
{
    for (std::size_t i = 0; i < count_; ++i) {
        if (at(i).series != latest_.series) continue;
        const seconds passed = latest_.when - at(i).when;
        if (passed < shortest) return std::nullopt;
        return static_cast<double>(latest_.done - at(i).done) / passed.count();
    }
    return std::nullopt;
}

std::optional<std::chrono::milliseconds> progress_history::time_left() const noexcept
{
    if (count_ == 0) return std::nullopt;
    const seconds passed = latest_.when - at(0).when;
    const double moved = latest_.fraction - at(0).fraction;
    if (passed < shortest || !(moved > 0)) return std::nullopt;
    const seconds left = passed * ((1.0 - latest_.fraction) / moved);
    if (!(left < longest_left)) return std::nullopt;
    return std::chrono::duration_cast<std::chrono::milliseconds>(left);
}

} // namespace vmtask::detail
