// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/deadline.hpp>
#include <vmtask/detail/intrusive_ptr.hpp>
#include <vmtask/detail/task_record.hpp>
#include <vmtask/error.hpp>
#include <vmtask/progress.hpp>
#include <vmtask/task_priority.hpp>
#include <vmtask/task_state.hpp>
#include <vmtask/time_limits.hpp>
#include <vmtask/wait_status.hpp>

#include <asio/async_result.hpp>

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace vmtask {

struct obstacle;
struct task_outcome;
class task_handle;

namespace detail {

/// The task behind a handle; null when the handle is empty.
[[nodiscard]] const intrusive_ptr<task_record>& record_of(const task_handle& handle) noexcept;

// What asynchronous waits are made of, in <vmtask/async_wait.hpp>.
template <class Token>
struct wait_by_token;
template <class Executor>
struct wait_by_coroutine;

} // namespace detail

/// The caller's end of a posted task: watch it, wait for it, ask it to stop.
///
/// Copies refer to the same task and are as cheap as a pointer. Dropping the
/// last handle does not stop the task; it runs to its end unobserved. A handle
/// may outlive its engine; the task has ended by then.
///
/// An empty handle refers to no task. Its members throw std::system_error with
/// errc::no_task; its asynchronous waits complete with that code.
///
/// Handles can be kept in ordered and in hashed containers, typed ones too: empty
/// ones come first, then those of one engine after those of another, each by id.
///
/// Whoever calls a member that begins with async_, or ends in _on, includes
/// <vmtask/async_wait.hpp>, or <vmtask/engine.hpp>, which does. So headers that only
/// pass handles on need not read most of Asio.
///
/// Thread safety: one handle may be used from several threads at once, except
/// for assignment and destruction.
class task_handle {
public:
    /// An empty handle.
    task_handle() noexcept = default;
    explicit task_handle(detail::intrusive_ptr<detail::task_record> record) noexcept : record_(std::move(record)) {}

    /// True unless the handle is empty.
    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(record_); }
    /// True when both refer to the same task, or both are empty.
    [[nodiscard]] friend bool operator==(const task_handle& left, const task_handle& right) noexcept
    {
        return left.record_.get() == right.record_.get();
    }
    /// Which of two engines comes first means nothing, and stays so as long as
    /// there is a handle to a task of each.
    [[nodiscard]] friend std::strong_ordering operator<=>(const task_handle& left, const task_handle& right) noexcept
    {
        return left.place() <=> right.place();
    }

    /// Unique within the engine, never 0, and higher for tasks posted later.
    [[nodiscard]] std::uint64_t id() const;

    /// What `task_options::description` said.
    [[nodiscard]] const std::string& description() const;

    /// What `task_options::kind` and `parameters` said, by which the task can be made
    /// again; see task_kinds.
    [[nodiscard]] const std::string& kind() const;
    [[nodiscard]] const std::optional<std::string>& parameters() const;

    /// Where the task is now. Only a terminal state is still true when read.
    [[nodiscard]] task_state state() const;

    /// True when the task has ended, however it did.
    [[nodiscard]] bool is_complete() const;

    /// True while request_cancel() would be accepted.
    [[nodiscard]] bool is_cancelable() const;

    /// True once a cancel was accepted, even if the task then succeeded.
    [[nodiscard]] bool cancel_requested() const;

    /// 0 to 100. Never falls; 100 only when the task has succeeded.
    [[nodiscard]] int percent_completed() const;

    /// What the task said last about its progress, as one consistent set, and
    /// how fast it gets on.
    [[nodiscard]] progress_snapshot progress() const;

    /// Empty when the task has succeeded, errc::cancelled when it was stopped,
    /// errc::not_ended while it has not ended, else its own error: the code of
    /// the std::system_error that the body threw, not_enough_memory for
    /// std::bad_alloc, errc::task_failed for any other exception.
    [[nodiscard]] std::error_code error() const;

    /// What the body threw, in full; null unless the task has failed so.
    [[nodiscard]] std::exception_ptr exception() const;

    /// Returns when the task has succeeded; rethrows what the body threw when
    /// it failed. Never blocks. Throws std::system_error with errc::cancelled
    /// when the task was cancelled, with errc::not_ended before the end.
    void result() const { detail::require_success(record()); }

    /// Asks the task to stop, and returns at once. A queued task never begins, and
    /// ends cancelled as soon as its body is destroyed, which a thread of the
    /// engine does; before this returns if there is nothing to destroy. A running
    /// one ends so at its next checkpoint, unless it gets to its end first and
    /// succeeds. Asking again is harmless.
    ///
    /// Who asks first may say who he is, for outcome().
    ///
    /// A journalled task is asked once its journal has kept the request; until then this
    /// blocks, so on an event loop use async_request_cancel(). It is already_ended once
    /// its end is with the journal.
    ///
    /// Errors: errc::not_cancelable, errc::already_ended; that of a journal which has not
    /// kept the request, and then nothing is cancelled.
    std::error_code request_cancel(std::string_view by = {}) const;

    /// The same for callers who must not block: completes when the request is kept, and
    /// the task asked to stop, or with the errors of request_cancel(). What the body of a
    /// journalled task has registered for a cancel is called on the event loop.
    ///
    /// Completion signature: void(std::error_code).
    /// Errors beside those: errc::no_task on an empty handle;
    /// asio::error::operation_aborted when the wait was given up.
    /// Executor: as of async_wait(). Exactly once, never from within this call.
    /// Cancellation (all types): gives up the wait for the answer; the request goes on.
    template <asio::completion_token_for<void(std::error_code)> Token>
    auto async_request_cancel(std::string_view by, Token&& token) const
    {
        return detail::wait_by_token<Token>::for_cancel(record_, by, token);
    }
    template <asio::completion_token_for<void(std::error_code)> Token>
    auto async_request_cancel(Token&& token) const
    {
        return async_request_cancel(std::string_view(), std::forward<Token>(token));
    }

    /// Holds the task until resume() has been called as often as pause(): if it
    /// is queued it does not begin; if its body has begun it stays in its next
    /// checkpoint, which a body without any never reaches. A body that stays
    /// costs the pool no worker, as long as there are spare ones, and keeps all
    /// that the task has claimed. A cancel reaches it all the same. state() is
    /// paused once the body stays.
    ///
    /// Errors: errc::already_ended. Throws std::bad_alloc.
    std::error_code pause() const;

    /// Takes back one pause(); lets the task go on when it was the last.
    ///
    /// Errors: errc::not_paused, errc::already_ended.
    std::error_code resume() const;

    /// Gives a queued task another priority; it comes after those that have
    /// that priority already.
    ///
    /// Errors: errc::already_begun, errc::already_ended, errc::bad_options for a
    /// priority that there is not.
    std::error_code set_priority(task_priority priority) const;

    /// How the task came out, in full. Never waits for the task.
    [[nodiscard]] task_outcome outcome() const;

    /// Whether one of the time limits has passed that the task was posted with.
    [[nodiscard]] bool has_passed(limit_kind kind) const;

    /// What keeps a queued task from beginning.
    [[nodiscard]] vmtask::obstacle obstacle() const;

    /// Blocks until the task ends.
    ///
    /// On a worker a task of the same engine that is queued and may begin is run by
    /// the calling thread, inside this call; for any other a spare worker takes the
    /// thread's place meanwhile. Returns wait_status::would_deadlock at once, and
    /// never timed_out, when the wait could not end: for the caller's own task; for
    /// a task that waits, over any number of others, for the caller's, or for what
    /// that has claimed, or for its place in a lane; on an event loop thread when the
    /// task needs that thread. Waits with a deadline count like others in this,
    /// asynchronous ones do not. Returns wait_status::no_worker at once when no
    /// spare worker can be had.
    [[nodiscard]] wait_status wait_for_completion() const { return wait_until(detail::deadline_never); }

    /// Blocks until the task ends or `timeout` has passed, whichever is first.
    ///
    /// Zero or less only looks. A duration that the clock cannot express is no
    /// limit. A timed-out wait leaves the task alone. Everything said of the
    /// wait without limit holds too, but that the calling thread runs no task.
    template <class Rep, class Period>
    [[nodiscard]] wait_status wait_for_completion(std::chrono::duration<Rep, Period> timeout) const
    {
        return wait_until(detail::deadline_after(timeout));
    }

    /// Completes when the task has ended, with an empty code: it speaks of the
    /// wait, not of the task.
    ///
    /// Completion signature: void(std::error_code).
    /// Errors: asio::error::operation_aborted when the wait was given up;
    /// errc::no_task on an empty handle.
    /// Executor: the handler's own, else the engine's event loop, so that busy
    /// workers cannot delay it. Exactly once, never from within this call.
    /// Cancellation (all types): gives up the wait and leaves the task alone.
    /// The signal may come from any thread, but not while another thread uses
    /// its slot.
    template <asio::completion_token_for<void(std::error_code)> Token>
    auto async_wait(Token&& token) const
    {
        return detail::wait_by_token<Token>::for_end(record_, detail::deadline_never, token);
    }

    /// The same with a time-out: completes with errc::timed_out when `timeout`
    /// has passed first. Zero or less only looks; a duration that the clock
    /// cannot express is no limit.
    template <class Rep, class Period, asio::completion_token_for<void(std::error_code)> Token>
    auto async_wait_for(std::chrono::duration<Rep, Period> timeout, Token&& token) const
    {
        return detail::wait_by_token<Token>::for_end(record_, detail::deadline_after(timeout), token);
    }

    /// Completes when the task has ended, with what result() would throw.
    ///
    /// Completion signature: void(std::exception_ptr). A wait given up, or made
    /// on an empty handle, completes with a std::system_error of the code that
    /// async_wait would have. Otherwise as async_wait.
    template <asio::completion_token_for<void(std::exception_ptr)> Token>
    auto async_result(Token&& token) const
    {
        return detail::wait_by_token<Token>::for_success(record_, token);
    }

    /// For coroutines that are not Asio's, whatever their promise type:
    /// `co_await handle.resume_on(executor)` suspends the coroutine until the
    /// task has ended.
    ///
    /// Executor: it is always resumed on the one given, as if by asio::post,
    /// even when the task had ended before; on the event loop of an engine that
    /// is gone, on a thread of Asio's system executor.
    /// Cancellation: destroying the suspended coroutine gives up the wait and
    /// leaves the task alone. That may be done on any thread unless the
    /// coroutine may be about to run on another, as with any coroutine; on its
    /// own executor it is safe even with the resumption already posted.
    /// Errors: throws std::system_error with errc::no_task here, and
    /// std::bad_alloc where it is awaited.
    /// Memory: one block, beside what asio::post takes.
    template <class Executor>
    [[nodiscard]] auto resume_on(Executor executor) const
    {
        (void)record();
        return detail::wait_by_coroutine<Executor>::for_end(record_, std::move(executor));
    }

    /// The same, with what result() would return or throw as the value of the
    /// expression.
    template <class Executor>
    [[nodiscard]] auto result_on(Executor executor) const
    {
        (void)record();
        return detail::wait_by_coroutine<Executor>::template for_result<void>(record_, std::move(executor));
    }

protected:
    /// The task. Throws std::system_error with errc::no_task if there is none.
    [[nodiscard]] detail::task_record& record() const
    {
        if (!record_) throw std::system_error(errc::no_task);
        return *record_;
    }
    [[nodiscard]] const detail::intrusive_ptr<detail::task_record>& shared_record() const noexcept { return record_; }

private:
    friend const detail::intrusive_ptr<detail::task_record>& detail::record_of(const task_handle& handle) noexcept;

    friend struct std::hash<task_handle>;

    /// What tells a task from all others. The core stays as long as a handle does.
    [[nodiscard]] std::pair<std::uintptr_t, std::uint64_t> place() const noexcept;
    [[nodiscard]] wait_status wait_until(detail::steady_time deadline) const;

    detail::intrusive_ptr<detail::task_record> record_;
};

inline const detail::intrusive_ptr<detail::task_record>& detail::record_of(const task_handle& handle) noexcept
{
    return handle.record_;
}

} // namespace vmtask

/// Equal for handles of the same task.
template <>
struct std::hash<vmtask::task_handle> {
    [[nodiscard]] std::size_t operator()(const vmtask::task_handle& handle) const noexcept
    {
        const auto [core, id] = handle.place();
        return static_cast<std::size_t>(core ^ id);
    }
};
