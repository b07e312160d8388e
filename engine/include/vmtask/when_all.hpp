// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/asio_guard.hpp>
#include <vmtask/detail/awaited_tasks.hpp>
#include <vmtask/detail/completion.hpp>
#include <vmtask/detail/deadline.hpp>
#include <vmtask/wait_status.hpp>

#include <asio/async_result.hpp>

#include <chrono>
#include <cstddef>
#include <system_error>
#include <utility>

namespace vmtask {

/// Several tasks, of any engines, to be waited for until the last has ended;
/// made by when_all().
///
/// It keeps the tasks as handles do. Copies are as cheap as a pointer. How the
/// tasks ended is for their handles to say: a task that failed has ended, too.
///
/// All promises of a wait for one task hold: see task_handle. No tasks at all
/// have ended by definition. With an empty handle among them the blocking waits
/// throw std::system_error with errc::no_task, and the asynchronous ones
/// complete with that code.
///
/// Thread safety: as for task_handle.
class all_tasks {
public:
    explicit all_tasks(detail::awaited_tasks tasks) noexcept : tasks_(std::move(tasks)) {}

    /// Blocks until all the tasks have ended. The thread sleeps until then: it
    /// is woken once, not for each of them. Allocates nothing for up to 8
    /// tasks that have not ended.
    ///
    /// On a worker a single spare worker takes its place. Returns
    /// wait_status::would_deadlock at once when one of the tasks could never
    /// end, as task_handle::wait_for_completion() has it; never timed_out.
    [[nodiscard]] wait_status wait_for_completion() const { return wait_until(detail::deadline_never); }

    /// Blocks until all the tasks have ended or `timeout` has passed, whichever
    /// is first. It is one time-out for all of them. Zero or less only looks; a
    /// duration that the clock cannot express is no limit.
    template <class Rep, class Period>
    [[nodiscard]] wait_status wait_for_completion(std::chrono::duration<Rep, Period> timeout) const
    {
        return wait_until(detail::deadline_after(timeout));
    }

    /// Completes when all the tasks have ended, with an empty code.
    ///
    /// Completion signature: void(std::error_code).
    /// Errors: asio::error::operation_aborted when the wait was given up;
    /// errc::no_task when a handle was empty.
    /// Executor: the handler's own, else the event loop of the first task's
    /// engine. Exactly once, never from within this call.
    /// Cancellation (all types): gives up the wait for each of the tasks, and
    /// leaves the tasks alone. The signal may come from any thread, but not
    /// while another thread uses its slot.
    /// Memory: one block, of the handler's allocator.
    template <asio::completion_token_for<void(std::error_code)> Token>
    auto async_wait(Token&& token) const
    {
        return asio::async_initiate<Token, void(std::error_code)>(initiation(detail::deadline_never), token);
    }

    /// The same with a time-out: completes with errc::timed_out when `timeout`
    /// has passed first.
    template <class Rep, class Period, asio::completion_token_for<void(std::error_code)> Token>
    auto async_wait_for(std::chrono::duration<Rep, Period> timeout, Token&& token) const
    {
        return asio::async_initiate<Token, void(std::error_code)>(initiation(detail::deadline_after(timeout)), token);
    }

private:
    [[nodiscard]] detail::wait_initiation<detail::report_error> initiation(detail::steady_time deadline) const
    {
        return {{.kind = detail::wait_target_kind::all, .deadline = deadline, .tasks = tasks_}, {}};
    }

    [[nodiscard]] wait_status wait_until(detail::steady_time deadline) const
    {
        std::size_t last = detail::no_index;
        return detail::wait_until(detail::wait_kind::all, tasks_, deadline, last);
    }

    detail::awaited_tasks tasks_;
};

/// The tasks of a range of handles, of whatever types.
template <detail::handle_range Handles>
[[nodiscard]] all_tasks when_all(Handles&& handles)
{
    return all_tasks(detail::awaited_tasks::of_range(handles));
}

/// The tasks of these handles, which may be of different types.
template <detail::handle_type... Handles>
[[nodiscard]] all_tasks when_all(const Handles&... handles)
{
    return all_tasks(detail::awaited_tasks::of(handles...));
}

} // namespace vmtask
