// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/task_record.hpp>
#include <vmtask/pause_subscription.hpp>
#include <vmtask/task_handle.hpp>

#include <asio/async_result.hpp>

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string_view>
#include <system_error>

namespace vmtask {

class progress_step;

/// The body's end of its task: report progress, learn of a cancel.
///
/// It is valid while the body runs. Thread safety: a body that uses several
/// threads may call all members from all of them.
class task_context {
public:
    explicit task_context(detail::task_record& record) noexcept : record_(record) {}
    task_context(const task_context&) = delete;
    task_context& operator=(const task_context&) = delete;

    /// The id that the task's handles have.
    [[nodiscard]] std::uint64_t id() const noexcept;

    /// A handle to the task, such as for `task_options::parent`.
    [[nodiscard]] task_handle handle() const;

    /// Says how much of the work is done, 0 to 1; anything else is taken for
    /// the nearer bound. What is shown never falls. Costs a few nanoseconds.
    void report_progress(double fraction) noexcept;

    /// Says how much of the work is done, in the unit set by
    /// set_progress_unit(). `total` may change on the way; 0 says unknown.
    void report_progress(std::uint64_t done, std::uint64_t total) noexcept;

    /// Says what `done` and `total` count, such as "bytes".
    void set_progress_unit(std::string_view unit);

    /// Says what the task is doing now, for people.
    void report_step(std::string_view text);

    /// Warns of something that does not keep the task from succeeding; see
    /// task_outcome::warnings. All attempts of a task add to one list. Throws
    /// std::bad_alloc.
    void add_warning(std::string_view text);

    /// True once somebody asked the task to stop.
    [[nodiscard]] bool stop_requested() const noexcept;

    /// Says the same as stop_requested() to whoever wants a callback. The
    /// callback runs on the thread that requests the cancel.
    [[nodiscard]] std::stop_token stop_token();

    /// True while the task is held by a pause, whether the body stays in a checkpoint or
    /// not.
    [[nodiscard]] bool pause_requested() const noexcept;

    /// Has `callback(true)` called when the task is paused and `callback(false)` when it
    /// is resumed, or `callback(true)` soon if it is paused now: for whoever drives work
    /// elsewhere, and can pause it there. It is a task_source's owner's as well.
    ///
    /// Called on the event loop, one call at a time, with no lock held; what was taken
    /// back before its turn there is not told. An exception of it is that of a handler
    /// (engine_options::on_handler_exception). Not called any more once the task has
    /// ended or the subscription is gone. A cancel does not resume the task: for that
    /// there is stop_token(). Throws std::bad_alloc.
    [[nodiscard]] pause_subscription on_pause(std::function<void(bool)> callback);

    /// Stops the body here if a cancel was requested: throws std::system_error
    /// with errc::cancelled, which the body lets pass after it has undone what
    /// it must. While the task is paused, stays here until it is resumed or
    /// cancelled; not on the event loop, where a coroutine has
    /// async_checkpoint() for that.
    void checkpoint();

    /// The same for coroutines: completes when the task is not paused.
    ///
    /// Completion signature: void(std::error_code).
    /// Errors: errc::cancelled when a cancel was requested;
    /// asio::error::operation_aborted when this wait was given up.
    /// Executor, cancellation of the wait: as task_handle::async_wait.
    template <asio::completion_token_for<void(std::error_code)> Token>
    auto async_checkpoint(Token&& token)
    {
        return detail::wait_by_token<Token>::for_resumption(detail::share(record_), token);
    }

    /// The last checkpoint: stops the body if a cancel was requested; else no
    /// cancel is accepted from now on. Both in one step, so nobody is told that
    /// a task stopped which then did what cannot be undone.
    void point_of_no_return();

private:
    friend class progress_step;

    detail::task_record& record_;
};

} // namespace vmtask
