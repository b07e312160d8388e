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

/// How a blocking wait for the first of several tasks came out.
struct first_to_end {
    wait_status status;
    /// Which task ended first, counted from 0; any_task::none unless the wait
    /// has completed. Of tasks that end at about the same time it is the one
    /// whose end the wait was told of first.
    std::size_t index;
};

/// Several tasks, of any engines, to be waited for until one has ended; made by
/// when_any().
///
/// It keeps the tasks as handles do. Copies are as cheap as a pointer. Which
/// way the task ended is for its handle to say: a task that failed has ended,
/// too. The others go on, and nothing of the wait is left with them.
///
/// Of tasks that have ended before the wait began, the one with the lowest
/// index is told.
///
/// All promises of a wait for one task hold: see task_handle. Of no tasks none
/// can be the first: then, and with an empty handle among them, the blocking
/// waits throw std::system_error with errc::no_task, and the asynchronous ones
/// complete with that code.
///
/// Thread safety: as for task_handle.
class any_task {
public:
    /// The index of no task.
    static constexpr std::size_t none = detail::no_index;

    explicit any_task(detail::awaited_tasks tasks) noexcept : tasks_(std::move(tasks)) {}

    /// Blocks until one of the tasks has ended. The thread sleeps until then.
    /// Allocates nothing for up to 8 tasks.
    ///
    /// On a worker a single spare worker takes its place. Says
    /// wait_status::would_deadlock at once when none of the tasks could ever
    /// end, as task_handle::wait_for_completion() has it; never timed_out.
    [[nodiscard]] first_to_end wait_for_completion() const { return wait_until(detail::deadline_never); }

    /// Blocks until one of the tasks has ended or `timeout` has passed,
    /// whichever is first. Zero or less only looks; a duration that the clock
    /// cannot express is no limit.
    template <class Rep, class Period>
    [[nodiscard]] first_to_end wait_for_completion(std::chrono::duration<Rep, Period> timeout) const
    {
        return wait_until(detail::deadline_after(timeout));
    }

    /// Completes when one of the tasks has ended, with an empty code and the
    /// index of that task; with `none` beside any other code.
    ///
    /// Completion signature: void(std::error_code, std::size_t).
    /// Errors: asio::error::operation_aborted when the wait was given up;
    /// errc::no_task when there is no task, or a handle was empty.
    /// Executor: the handler's own, else the event loop of the first task's
    /// engine. Exactly once, never from within this call.
    /// Cancellation (all types): gives up the wait for each of the tasks, and
    /// leaves the tasks alone. The signal may come from any thread, but not
    /// while another thread uses its slot.
    /// Memory: one block, of the handler's allocator.
    template <asio::completion_token_for<void(std::error_code, std::size_t)> Token>
    auto async_wait(Token&& token) const
    {
        return asio::async_initiate<Token, void(std::error_code, std::size_t)>(initiation(detail::deadline_never),
                                                                               token);
    }

    /// The same with a time-out: completes with errc::timed_out when `timeout`
    /// has passed first.
    template <class Rep, class Period, asio::completion_token_for<void(std::error_code, std::size_t)> Token>
    auto async_wait_for(std::chrono::duration<Rep, Period> timeout, Token&& token) const
    {
        return asio::async_initiate<Token, void(std::error_code, std::size_t)>(
            initiation(detail::deadline_after(timeout)), token);
    }

private:
    [[nodiscard]] detail::wait_initiation<detail::report_index> initiation(detail::steady_time deadline) const
    {
        return {{.kind = detail::wait_target_kind::any, .deadline = deadline, .tasks = tasks_}, {}};
    }

    [[nodiscard]] first_to_end wait_until(detail::steady_time deadline) const
    {
        std::size_t first = none;
        const wait_status status = detail::wait_until(detail::wait_kind::any, tasks_, deadline, first);
        return {status, first};
    }

    detail::awaited_tasks tasks_;
};

/// The tasks of a range of handles, of whatever types.
template <detail::handle_range Handles>
[[nodiscard]] any_task when_any(Handles&& handles)
{
    return any_task(detail::awaited_tasks::of_range(handles));
}

/// The tasks of these handles, which may be of different types.
template <detail::handle_type... Handles>
[[nodiscard]] any_task when_any(const Handles&... handles)
{
    return any_task(detail::awaited_tasks::of(handles...));
}

} // namespace vmtask
