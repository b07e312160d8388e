// SPDX-License-Identifier: BSL-1.0
#include <vmtask/task_handle.hpp>

#include "record/task_record.hpp"
#include "tell/task_names.hpp"

#include <vmtask/obstacle.hpp>
#include <vmtask/task_outcome.hpp>

namespace vmtask {

namespace {

const detail::task_names& names_of(const detail::task_record& record) noexcept
{
    static const detail::task_names none;
    return record.terms() ? record.names() : none;
}

} // namespace

std::uint64_t task_handle::id() const
{
    return record().id();
}

const std::string& task_handle::description() const
{
    return record().description();
}

task_state task_handle::state() const
{
    return record().state();
}

bool task_handle::is_complete() const
{
    return record().ended();
}

bool task_handle::is_cancelable() const
{
    return record().cancelable();
}

bool task_handle::cancel_requested() const
{
    return record().cancel_requested();
}

int task_handle::percent_completed() const
{
    return record().percent_completed();
}

progress_snapshot task_handle::progress() const
{
    return record().progress();
}

std::error_code task_handle::error() const
{
    return record().error();
}

std::exception_ptr task_handle::exception() const
{
    return record().failure();
}

bool task_handle::has_passed(limit_kind kind) const
{
    return record().has_passed(kind);
}

std::error_code task_handle::pause() const
{
    return record().pause();
}

std::error_code task_handle::resume() const
{
    return record().resume();
}

std::error_code task_handle::set_priority(task_priority priority) const
{
    return record().set_priority(priority);
}

std::error_code task_handle::request_cancel(std::string_view by) const
{
    return record().request_cancel(by);
}

wait_status task_handle::wait_until(detail::steady_time deadline) const
{
    return record().wait_until(deadline);
}

std::pair<std::uintptr_t, std::uint64_t> task_handle::place() const noexcept
{
    if (!record_) return {0, 0};
    return {reinterpret_cast<std::uintptr_t>(&record_->core()), record_->id()};
}

const std::string& task_handle::kind() const
{
    return names_of(record()).kind;
}

const std::optional<std::string>& task_handle::parameters() const
{
    return names_of(record()).parameters;
}

task_outcome task_handle::outcome() const
{
    return record().outcome_now();
}

obstacle task_handle::obstacle() const
{
    return record().obstacle_now();
}

} // namespace vmtask
