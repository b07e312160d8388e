// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/task_context.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace vmtask {

/// A part of a task's work, which may itself be made of parts: hand one to a
/// function, and it can report its own progress from 0 to 1 without knowing
/// what that is of the whole.
///
/// Steps follow one another and are nested as scopes are: a step ends when it
/// is destroyed, before the next of the same parent begins and before the
/// parent ends. Its share then counts as done and the text of what is around it
/// shows again; but when it is destroyed by an exception all stays as it was,
/// to tell where the task failed.
///
/// Thread safety: report() from several threads at once, the rest from one.
class progress_step {
public:
    /// The whole of a task.
    explicit progress_step(task_context& task) noexcept;
    ~progress_step();
    progress_step(const progress_step&) = delete;
    progress_step& operator=(const progress_step&) = delete;

    /// Says what the weights of the steps of this one add up to; 1 if it is
    /// never said. Anything that is not above 0 is taken for 1.
    void divide_into(double total_weight) noexcept;

    /// Begins the next step of this one. Its weight, beside that of all, says
    /// how much of this one it is; more than what is left is taken for that,
    /// and less than nothing for nothing. The text, unless empty, is what the
    /// task is doing now. Throws std::bad_alloc; then the step has not begun.
    [[nodiscard]] progress_step step(double weight, std::string_view text = {});

    /// Says how much of this step is done, 0 to 1. Costs a few nanoseconds,
    /// like task_context::report_progress, and falls no more than that.
    void report(double fraction) noexcept;
    /// Says so in units, such as set_unit() names. `total` may change on the
    /// way; 0 says unknown. These are the numbers that the handle shows.
    void report(std::uint64_t done, std::uint64_t total) noexcept;
    /// Says what the units of this step are, until it ends.
    void set_unit(std::string_view unit);

    /// The task, for checkpoints.
    [[nodiscard]] task_context& task() const noexcept { return task_; }

private:
    progress_step(progress_step& parent, double share, std::string_view text);

    [[nodiscard]] double of_the_whole(double fraction) const noexcept;

    task_context& task_;
    const double begin_; // of the whole task
    const double width_; // of the whole task
    double weights_ = 1;
    double passed_ = 0; // of this step, the share of the steps that have begun
    const int exceptions_;
    bool names_text_ = false;
    bool names_unit_ = false;
    std::string text_around_;
    std::string unit_around_;
};

} // namespace vmtask
