// SPDX-License-Identifier: BSL-1.0
#include <vmtask/task_context.hpp>

#include "record/task_record.hpp"
#include "task/pause_watch.hpp"

#include <vmtask/error.hpp>

#include <memory>
#include <system_error>
#include <utility>

namespace vmtask {

std::uint64_t task_context::id() const noexcept
{
    return record_.id();
}

task_handle task_context::handle() const
{
    return task_handle(detail::share(record_));
}

void task_context::report_progress(double fraction) noexcept
{
    record_.progress_numbers().report(fraction);
}

void task_context::report_progress(std::uint64_t done, std::uint64_t total) noexcept
{
    record_.progress_numbers().report(done, total);
}

void task_context::set_progress_unit(std::string_view unit)
{
    record_.set_progress_unit(unit);
}

void task_context::report_step(std::string_view text)
{
    record_.set_step(text);
}

void task_context::add_warning(std::string_view text)
{
    record_.add_warning(text);
}

bool task_context::stop_requested() const noexcept
{
    return record_.cancel_requested();
}

std::stop_token task_context::stop_token()
{
    return record_.stop_token();
}

bool task_context::pause_requested() const noexcept
{
    return record_.is_held();
}

pause_subscription task_context::on_pause(std::function<void(bool)> callback)
{
    auto watch = std::make_shared<detail::pause_watch>(record_, std::move(callback));
    pause_subscription subscription(watch);
    watch->open();
    return subscription;
}

void task_context::checkpoint()
{
    if (!record_.needs_checkpoint()) return;
    record_.stay_while_held();
    if (record_.cancel_requested()) throw std::system_error(errc::cancelled);
}

void task_context::point_of_no_return()
{
    if (!record_.pass_point_of_no_return()) throw std::system_error(errc::cancelled);
}

} // namespace vmtask
