// SPDX-License-Identifier: BSL-1.0
//
// A task from its post to its end. What can be done to it meanwhile is in
// task_control.cpp, who waits for it in task_waits.cpp, what its body reports in
// task_report.cpp, what is part of it in task_parts.cpp; its memory is in task_memory.cpp.
#include "record/task_record.hpp"

#include "base/engine_core.hpp"
#include "base/error_of.hpp"
#include "gate/limit_watch.hpp"
#include "gate/task_terms.hpp"
#include "gate/waiting_room.hpp"
#include "run/reaped_tasks.hpp"
#include "run/scheduler.hpp"
#include "run/worker_pool.hpp"

#include <vmtask/detail/forced_unwind.hpp>
#include <vmtask/error.hpp>
#include <vmtask/resource.hpp>
#include <vmtask/task_context.hpp>

#include <asio/error.hpp>

#include <exception>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace vmtask::detail {
namespace {

/// Codes with which a body gives way to a cancel: its own checkpoint's, and
/// that of Asio's operations when their slot is told.
bool says_cancelled(std::error_code code) noexcept
{
    return code == errc::cancelled || code == asio::error::operation_aborted;
}

} // namespace

const std::string& task_record::description() const noexcept
{
    static const std::string none;
    const mutex_guard lock(mutex_);
    return extras_now() ? extras_now()->description : none;
}

const task_names& task_record::names() const noexcept
{
    return terms()->names();
}

std::vector<resource_claim> task_record::claims() const
{
    const auto claimed = terms()->claims.wanted();
    return {claimed.begin(), claimed.end()};
}

task_record* task_record::whole() const noexcept
{
    return terms() ? terms()->parent.get() : nullptr;
}

int task_record::failed_attempts() const noexcept
{
    return terms() && terms()->retry ? terms()->retry->made.failed : 0;
}

/// What is of a category of its own is told by the exception that brought it.
void task_record::set_error(std::error_code error) noexcept
{
    error_value_ = error.value();
    const std::error_category& category = error.category();
    if (category == engine_category()) error_origin_ = error_origin::engine;
    else if (category == std::generic_category()) error_origin_ = error_origin::generic;
    else if (category == std::system_category()) error_origin_ = error_origin::system;
    else error_origin_ = error_origin::exception;
}

std::error_code task_record::error_set() const noexcept
{
    switch (error_origin_) {
    case error_origin::engine: return {error_value_, engine_category()};
    case error_origin::generic: return {error_value_, std::generic_category()};
    case error_origin::system: return {error_value_, std::system_category()};
    case error_origin::exception: return error_of(failure_);
    case error_origin::none: break;
    }
    return {};
}

std::error_code task_record::error() const noexcept
{
    if (!ended()) return errc::not_ended;
    return error_set();
}

std::exception_ptr task_record::failure() const noexcept
{
    return ended() ? failure_ : nullptr;
}

void task_record::require_success() const
{
    const std::error_code error = this->error();
    if (!error) return;
    if (const std::exception_ptr thrown = failure()) std::rethrow_exception(thrown);
    throw std::system_error(error);
}

bool task_record::is_journalled() const noexcept
{
    return terms() && terms()->journalled;
}

limit_watch* task_record::limits_or_null() noexcept
{
    return terms() ? terms()->limits.get() : nullptr;
}

bool task_record::has_passed(limit_kind kind) const noexcept
{
    return terms() && terms()->limits && terms()->limits->has_passed(kind);
}

void task_record::watch_begin() noexcept
{
    limit_watch* const limits = limits_or_null();
    if (!limits) return;
    const mutex_guard lock(mutex_);
    limits->task_began_locked(progress_mark_locked());
}

void task_record::watch_queued(bool is_first_time) noexcept
{
    limit_watch* const limits = limits_or_null();
    if (!limits) return;
    const mutex_guard lock(mutex_);
    limits->task_queued_locked(is_first_time);
}

void task_record::watch_end() noexcept
{
    limit_watch* const limits = limits_or_null();
    if (!limits) return;
    const mutex_guard lock(mutex_);
    limits->task_ended_locked();
}

bool task_record::run()
{
    assert_no_lock_held("a body runs");
    note_begin();
    std::exception_ptr failure;
    try {
        failure = call_body();
        if (failure && terms() && begin_anew(failure)) return false;
    } catch (forced_unwind&) {
        end_with_thread();
        throw;
    }
    return end_for_good(std::move(failure));
}

std::exception_ptr task_record::call_body()
{
    try {
        task_context context(*this);
        invoke(context);
        return nullptr;
    } catch (forced_unwind&) {
        throw;
    } catch (...) {
        return std::current_exception();
    }
}

/// Out of wherever it is queued: somebody has claimed it.
void task_record::leave_queue() noexcept
{
    if (terms() && core_.room.withdraw(*this)) core_.scheduler.count_left();
    else core_.scheduler.leave_queue(*this);
}

void task_record::make_ready() noexcept
{
    if (core_.scheduler.make_ready(*this)) core_.workers.notify();
}

bool task_record::start_elsewhere() noexcept
{
    if (!core_.scheduler.start_elsewhere(*this)) return false;
    note_begin();
    return true;
}

bool task_record::end(std::exception_ptr failure) noexcept
{
    if (failure && terms() && begin_anew(failure)) return false;
    return end_for_good(std::move(failure));
}

bool task_record::end_for_good(std::exception_ptr failure) noexcept
{
    const task_state terminal = conclude(std::move(failure));
    assert_no_lock_held("a body is destroyed");
    destroy_body();
    return publish(terminal);
}

bool task_record::begin_anew(const std::exception_ptr& failure)
{
    const std::error_code code = error_of(failure);
    if (!terms()->retry || says_cancelled(code)) return false;
    return core_.room.delay(*this, code);
}

bool task_record::end_abandoned() noexcept
{
    // The coroutine's frame is still being taken down and may refer to the
    // body, which is therefore left to go with the task.
    set_error(errc::abandoned);
    return publish(task_state::failed);
}

void task_record::end_with_thread() noexcept
{
    set_error(errc::abandoned);
    destroy_body();
    if (publish(task_state::failed)) retire();
}

void task_record::fail_in_queue(std::exception_ptr failure) noexcept
{
    if (!status_.claim_queued()) return;
    set_error(error_of(failure));
    failure_ = std::move(failure);
    leave_queue();
    end_in_queue_ = task_state::failed;
    core_.reaped.end(*this);
}

void task_record::fail_withdrawn(std::error_code error) noexcept
{
    set_error(error);
    core_.scheduler.count_left();
    end_in_queue_ = task_state::failed;
    core_.reaped.end(*this);
}

bool task_record::refuse(std::error_code error) noexcept
{
    set_error(error);
    if (status_.close_for_parts()) {
        fail_withdrawn(error);
        return false;
    }
    core_.scheduler.unlist(*this);
    latch_unseen_end(task_state::failed);
    tell_wholes();
    return true;
}

void task_record::cancel_in_queue() noexcept
{
    carry_out_cancel(ask_to_cancel({}, cancel_origin::replaced, &status_word::request_cancel_queued));
}

/// Destroying a body may take as long as the user's code wants: that is no business
/// of whoever happens to end the task, unless there is nothing to destroy.
void task_record::end_in_queue(task_state terminal) noexcept
{
    leave_queue();
    end_in_queue_ = terminal;
    const engine_thread* const here = this_engine_thread();
    const bool is_reaper = here && here->kind == thread_kind::reaper;
    if (is_reaper || has_trivial_body()) finish_in_queue();
    else core_.reaped.end(*this);
}

void task_record::finish_in_queue() noexcept
{
    assert_no_lock_held("a body is destroyed");
    destroy_body();
    if (publish(end_in_queue_)) retire();
}

/// What the end of a body means. A body that returned has succeeded, even if it
/// was asked to stop; one that stopped was cancelled only if it was asked to.
task_state task_record::conclude(std::exception_ptr failure) noexcept
{
    if (!failure) return task_state::succeeded;
    const std::error_code error = error_of(failure);
    if (cancel_requested() && says_cancelled(error)) {
        set_error(errc::cancelled);
        return task_state::cancelled;
    }
    set_error(error);
    failure_ = std::move(failure);
    return task_state::failed;
}

/// A value to which nobody has a handle goes here, too: where that keeps nobody.
void task_record::retire() noexcept
{
    const engine_thread* const here = this_engine_thread();
    const bool may_take_long = !here || here->kind == thread_kind::event_loop || here->kind == thread_kind::timer_loop;
    if (may_take_long && keeps_value()) core_.reaped.retire(*this);
    else core_.scheduler.retire(*this);
}

} // namespace vmtask::detail
