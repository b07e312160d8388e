// SPDX-License-Identifier: BSL-1.0
#include <vmtask/progress_step.hpp>

#include "record/task_record.hpp"

#include <algorithm>
#include <exception>

namespace vmtask {
namespace {

/// Written so that what is not a number counts as nothing.
double clamp_share(double share, double most) noexcept
{
    return share > 0 ? std::min(share, most) : 0.0;
}

} // namespace

progress_step::progress_step(task_context& task) noexcept
    : task_(task), begin_(0), width_(1), exceptions_(std::uncaught_exceptions())
{
}

progress_step::progress_step(progress_step& parent, double share, std::string_view text)
    : task_(parent.task_),
      begin_(parent.of_the_whole(parent.passed_)),
      width_(share * parent.width_),
      exceptions_(std::uncaught_exceptions()),
      names_text_(!text.empty()),
      text_around_(text)
{
    if (names_text_) task_.record_.swap_step(text_around_);
    parent.passed_ += share; // a step that did not begin has taken nothing
    task_.record_.progress_numbers().raise(begin_);
}

progress_step::~progress_step()
{
    if (std::uncaught_exceptions() > exceptions_) return;
    task_.record_.progress_numbers().raise(begin_ + width_);
    if (names_text_) task_.record_.swap_step(text_around_);
    if (names_unit_) task_.record_.swap_progress_unit(unit_around_);
}

void progress_step::divide_into(double total_weight) noexcept
{
    weights_ = total_weight > 0 ? total_weight : 1;
}

progress_step progress_step::step(double weight, std::string_view text)
{
    return {*this, clamp_share(weight / weights_, 1 - passed_), text};
}

void progress_step::report(double fraction) noexcept
{
    task_.record_.progress_numbers().report(of_the_whole(fraction), 0, 0);
}

void progress_step::report(std::uint64_t done, std::uint64_t total) noexcept
{
    const double fraction = total == 0 ? 0.0 : static_cast<double>(done) / static_cast<double>(total);
    task_.record_.progress_numbers().report(of_the_whole(fraction), done, total);
}

void progress_step::set_unit(std::string_view unit)
{
    std::string text(unit);
    task_.record_.swap_progress_unit(text);
    if (!names_unit_) unit_around_.swap(text);
    names_unit_ = true;
}

double progress_step::of_the_whole(double fraction) const noexcept
{
    return begin_ + clamp_share(fraction, 1) * width_;
}

} // namespace vmtask
