// SPDX-License-Identifier: BSL-1.0
//
// What a body says of its progress, and what is shown of it.
#include "record/task_record.hpp"

#include "gate/limit_watch.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <string>

namespace vmtask::detail {
namespace {

/// What an unfinished task shows at most: the end is told by the state alone.
constexpr int most_unfinished_percent = 99;
const double most_unfinished_fraction = std::nextafter(1.0, 0.0);

} // namespace

int task_record::percent_completed() const noexcept
{
    if (state() == task_state::succeeded) return 100;
    // 29 of 100 is a little less than 0.29, and shall be 29 all the same.
    constexpr double rounding = 1e-9;
    return std::min(static_cast<int>(progress_.fraction() * 100 + rounding), most_unfinished_percent);
}

progress_snapshot task_record::progress()
{
    const progress_cell::numbers numbers = progress_.read();
    const task_state state = this->state();
    progress_snapshot snapshot;
    snapshot.fraction = state == task_state::succeeded ? 1.0 : std::min(numbers.fraction, most_unfinished_fraction);
    snapshot.done = numbers.done;
    snapshot.total = numbers.total;
    if (state == task_state::succeeded) snapshot.time_left = std::chrono::milliseconds::zero();
    const mutex_guard lock(mutex_);
    // Not a word of memory for tasks that have reported nothing.
    const bool moves = numbers.fraction > 0 || numbers.done > 0;
    if (state == task_state::running && moves) note_progress_locked(numbers, snapshot);
    if (extras_now()) {
        snapshot.unit = extras_now()->unit;
        snapshot.step = extras_now()->step;
    }
    return snapshot;
}

void task_record::note_progress_locked(const progress_cell::numbers& numbers, progress_snapshot& snapshot)
{
    std::unique_ptr<progress_history>& history = extras_locked().history;
    if (!history) history = std::make_unique<progress_history>();
    history->note(std::chrono::steady_clock::now(), numbers);
    if (numbers.done > 0) snapshot.units_per_second = history->units_per_second();
    snapshot.time_left = history->time_left();
}

void task_record::set_progress_unit(std::string_view unit)
{
    std::string text(unit);
    swap_progress_unit(text);
}

void task_record::set_step(std::string_view text)
{
    std::string own(text);
    swap_step(own);
}

void task_record::swap_progress_unit(std::string& unit)
{
    const mutex_guard lock(mutex_);
    task_extras& kept = extras_locked();
    kept.unit.swap(unit);
    if (kept.history && kept.unit != unit) kept.history->begin_other_units();
}

void task_record::swap_step(std::string& text)
{
    const mutex_guard lock(mutex_);
    task_extras& kept = extras_locked();
    kept.step.swap(text);
    ++kept.steps;
}

progress_mark task_record::mark_of_progress() const noexcept
{
    const mutex_guard lock(mutex_);
    return progress_mark_locked();
}

progress_mark task_record::progress_mark_locked() const noexcept
{
    const progress_cell::numbers numbers = progress_.read();
    return {numbers.fraction, numbers.done, extras_now() ? extras_now()->steps : 0};
}

} // namespace vmtask::detail
