// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/async_wait.hpp>
#include <vmtask/detail/asio_guard.hpp>
#include <vmtask/detail/async_post.hpp>
#include <vmtask/detail/body.hpp>
#include <vmtask/detail/coroutine_work.hpp>
#include <vmtask/detail/deadline.hpp>
#include <vmtask/detail/engine_access.hpp>
#include <vmtask/engine_options.hpp>
#include <vmtask/error.hpp>
#include <vmtask/event_subscription.hpp>
#include <vmtask/metrics.hpp>
#include <vmtask/obstacle.hpp>
#include <vmtask/shutdown.hpp>
#include <vmtask/task.hpp>
#include <vmtask/task_context.hpp>
#include <vmtask/task_filter.hpp>
#include <vmtask/task_handle.hpp>
#include <vmtask/task_journal.hpp>
#include <vmtask/task_observer.hpp>
#include <vmtask/task_options.hpp>
#include <vmtask/task_outcome.hpp>

#include <asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace vmtask {

class engine;

namespace detail {

/// For the other parts of the engine's interface.
[[nodiscard]] engine_core& core_of(engine& where) noexcept;

} // namespace detail

/// Runs tasks, and keeps the promises that their handles make.
///
/// Four kinds of thread, each on an io_context of its own: workers run
/// blocking bodies; the event loop runs coroutine bodies and the handlers that
/// have no executor of their own; one private thread keeps time, so that
/// time-outs are on time however busy the others are; one destroys what nobody
/// should have to wait for. The event loop may be the caller's instead
/// (engine_options::event_loop), and is no thread of the engine then. They block all
/// signals but those that a thread causes itself, such as SIGSEGV. A thread that
/// code of the user's ends, by pthread_exit(), is replaced; its task has failed with
/// errc::abandoned. From a coroutine, a destructor or any other noexcept function it
/// aborts the process.
///
/// Destruction is shutdown(shutdown_mode::cancel) without a time limit: it
/// returns when every task has ended, every waiter has been told, and the
/// handlers that were ready on the event loop have run, with what they post in
/// turn, within reason. What else waits on the engine's executors is destroyed,
/// not run.
///
/// On a thread of the engine itself, or in a handler of the caller's event loop,
/// where a body or a handler drops its last reference, destruction cannot wait: it
/// takes no further task, asks all to cancel and returns. Another thread then does
/// the rest, as soon as the caller has returned to the engine. So exit() in a body
/// ends the program, also when the engine is a static object. If the system has no
/// thread for that, it says so on stderr and aborts: dropping the reference elsewhere
/// is the way round.
///
/// A child that is forked has only the thread that forked, not the engine's: no
/// task runs or ends there any more. It may use exec, or exit: destruction of the
/// engine, of task_source and of event_subscription leaves all as it is there. What
/// has ended before can still be looked at; post() throws errc::shutting_down, and
/// blocking waits for what has not ended return wait_status::would_deadlock at once,
/// as shutdown() throws that. All else there, and engines of its own, are for
/// children that were forked before there was an engine.
///
/// Thread safety: all members may be called from any thread.
class engine {
public:
    using executor_type = asio::io_context::executor_type;

    /// Starts the threads. Throws std::system_error when the system has none
    /// left to give.
    explicit engine(engine_options options = {});
    ~engine();
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;

    /// Posts a task: `body` is a callable `T(task_context&)`, which a worker
    /// runs, or a coroutine function `asio::awaitable<T>(task_context&)`, which
    /// the event loop runs. What it throws becomes the task's error.
    ///
    /// The body is destroyed before the end of the task is published, so that
    /// whatever it holds open is closed for those who saw the end.
    ///
    /// Errors, as std::system_error: errc::shutting_down, errc::queue_full,
    /// errc::no_body for a null function; then no task was made, and the body
    /// not moved. Whatever moving the body throws.
    template <task_body Body>
    auto post(Body&& body) -> task<typename detail::body_traits<std::decay_t<Body>>::result>
    {
        return post_with(std::forward<Body>(body), nullptr);
    }

    /// The same on terms: what it needs, when it may begin, how long it may take.
    ///
    /// With `task_options::parameters` the task is journalled, if the engine has a journal:
    /// this blocks until that has kept it, and it neither begins nor is seen before. On an
    /// event loop use async_post().
    ///
    /// Errors beside those: that of a journal which has not kept it; resource_busy; errc::unknown_lane; errc::no_task for
    /// an empty handle in `after`; errc::cycle when it would wait for a task
    /// that waits for it: as one after another, for what that claims, for its place
    /// in a lane, or in a blocking wait; errc::already_ended and errc::other_engine for the
    /// parent; errc::bad_options for a `when_busy` that compares tasks which say
    /// no kind, or claim nothing, for parameters without a kind, and for a number that is no value of its
    /// enumeration.
    ///
    /// A cycle that could not be seen when the task was posted, because it closes
    /// only when an earlier task gets what it claims, ends this task or that one as
    /// failed, unbegun, with errc::cycle. So whatever is posted ends.
    template <task_body Body>
    auto post(Body&& body, task_options options) -> task<typename detail::body_traits<std::decay_t<Body>>::result>
    {
        return post_with(std::forward<Body>(body), &options);
    }

    /// The same for callers who must not block, on an event loop: a journalled task is
    /// posted once its journal has kept it, others at once.
    ///
    /// Completion signature: void(std::exception_ptr, task<T>); the handle is empty when
    /// there is an exception. That is what post() throws, or std::system_error with
    /// asio::error::operation_aborted when the wait was given up.
    /// Executor: the handler's own, else the event loop. Exactly once, never from within
    /// this call.
    /// Cancellation (all types): gives up the wait for the answer; the task is posted all
    /// the same.
    /// Throws std::bad_alloc when there is no memory for the wait; a journalled task may
    /// be posted all the same.
    ///
    /// With `co_await`, name the body first and move it in: g++ 12 destroys captures of a
    /// lambda twice that is written within the expression.
    template <task_body Body, class Token>
    auto async_post(Body&& body, task_options options, Token&& token)
    {
        using body_type = std::decay_t<Body>;
        using result = typename detail::body_traits<body_type>::result;
        auto begin = [this, moved = body_type(std::forward<Body>(body)), options = std::move(options)]() mutable {
            return begin_post<result>(std::move(moved), std::move(options));
        };
        return asio::async_initiate<Token, void(std::exception_ptr, task<result>)>(
            detail::post_initiation<result, decltype(begin)>(*core_, std::move(begin)), token);
    }

    /// How many tasks of a lane may be under way at once; 0: any number. Makes
    /// the lane if there is none of that name. Those under way go on in any
    /// case. Tasks that could never get a place with fewer places than before,
    /// since those who have one wait for them, fail with errc::cycle. Throws
    /// std::bad_alloc.
    void set_lane_limit(const std::string& lane, std::size_t limit);

    /// All tasks that have not ended, and the ended ones that are still kept,
    /// oldest first. Never waits for a task.
    [[nodiscard]] std::vector<task_handle> tasks() const;

    /// Those of them that match, oldest first.
    [[nodiscard]] std::vector<task_handle> tasks(const task_filter& filter) const;

    /// A page of those. A task that was posted before the first page was asked
    /// for, matches and stays listed until the last is on exactly one of them,
    /// whatever else comes and goes.
    [[nodiscard]] task_page tasks(const task_filter& filter, const page_bounds& bounds) const;

    /// The task with that id; an empty handle when there is none, or none kept.
    [[nodiscard]] task_handle find(std::uint64_t id) const;

    /// What the engine has counted, and what it is doing now. Never waits for a
    /// task. Throws std::bad_alloc.
    [[nodiscard]] metrics_snapshot metrics() const;

    /// A reader of what happens to all tasks: first a snapshot of those that are
    /// listed now, then every change after it, in order and without a gap. Throws
    /// std::system_error with errc::no_events, and std::bad_alloc.
    [[nodiscard]] event_subscription subscribe() const;

    /// The same for a reader that has been here before: every change after that
    /// version. When the engine keeps these no longer, or `version` is of another
    /// engine that was there before, it begins with a snapshot and says that
    /// events were lost.
    [[nodiscard]] event_subscription subscribe(std::uint64_t version) const;

    /// A reader of what happens to the tasks that match, and to no others: its
    /// snapshots and events are of these alone. A task is known by what never changes
    /// (id, kind, initiator, tag, resource, parent, ancestor), from its post to its
    /// removal. `states` speaks of each moment: a snapshot has the tasks in one of
    /// them; an event is told if the task is in one after it, or was before it, so
    /// that whoever keeps a list hears of the task that leaves it.
    ///
    /// What does not match wakes nobody, and counts for a loss only while the reader
    /// does not wait: as for any reader, `event_options::kept` events may come
    /// between two of its reads, matching or not.
    ///
    /// Throws std::system_error with errc::no_events, with errc::bad_options for a
    /// filter by times (they are for lists), and std::bad_alloc.
    [[nodiscard]] event_subscription subscribe(const task_filter& filter) const;

    /// The same for a reader that has been here before.
    [[nodiscard]] event_subscription subscribe(const task_filter& filter, std::uint64_t version) const;

    /// Takes no further task, but when draining the parts that tasks under way
    /// still post, and waits until those there are have ended, or `timeout` has
    /// passed. May be repeated, as with a stricter mode after a
    /// time-out. Errors, as std::system_error: errc::would_deadlock on a thread
    /// of the engine, or in a handler of the caller's event loop; errc::bad_options
    /// for a mode that there is not.
    template <class Rep, class Period>
    shutdown_report shutdown(shutdown_mode mode, std::chrono::duration<Rep, Period> timeout)
    {
        return shutdown_until(mode, detail::deadline_after(timeout));
    }

    /// The same without a time limit.
    shutdown_report shutdown(shutdown_mode mode) { return shutdown_until(mode, detail::deadline_never); }

    /// The event loop, where handlers go that have no executor of their own.
    /// Like any io_context's executor, not to be used once the engine is gone.
    [[nodiscard]] executor_type get_executor() const noexcept { return detail::event_loop_executor(*core_); }

    /// The workers, for handlers that may block. They share the threads with
    /// blocking bodies, and get their turn among them.
    [[nodiscard]] executor_type get_worker_executor() const noexcept;

private:
    friend detail::engine_core& detail::core_of(engine& where) noexcept;

    /// Takes from the options what it needs; null for none.
    template <class Body>
    auto post_with(Body&& body, task_options* options) -> task<typename detail::body_traits<std::decay_t<Body>>::result>
    {
        using result = typename detail::body_traits<std::decay_t<Body>>::result;

        require_body(body);
        detail::admission place(*core_, options);
        return task<result>(place.post(make(place.id(), std::forward<Body>(body), options)));
    }

    template <class Result, class Body>
    detail::begun_post<Result> begin_post(Body&& body, task_options&& options)
    {
        detail::begun_post<Result> begun;
        if (!options.parameters || !detail::has_journal(*core_)) {
            begun.posted = post_with(std::forward<Body>(body), &options);
            return begun;
        }
        require_body(body);
        detail::admission place(*core_, &options);
        begun.record = make(place.id(), std::forward<Body>(body), &options);
        begun.request = place.post_later(begun.record);
        return begun;
    }

    template <class Body>
    static void require_body(const Body& body)
    {
        if (detail::is_null_body<Body>(body)) throw std::system_error(errc::no_body);
    }

    template <class Body>
    detail::intrusive_ptr<detail::task_record> make(std::uint64_t id, Body&& body, task_options* options)
    {
        using body_type = std::decay_t<Body>;
        using traits = detail::body_traits<body_type>;
        using result = typename traits::result;

        if constexpr (traits::is_coroutine)
            return detail::make_task<detail::coroutine_work<body_type, result>>(*core_, id, options,
                                                                                std::forward<Body>(body), *core_);
        else
            return detail::make_task<detail::body_work<body_type, result>>(*core_, id, options, std::in_place,
                                                                           std::forward<Body>(body));
    }

    shutdown_report shutdown_until(shutdown_mode mode, detail::steady_time deadline);

    detail::engine_core* core_;
};

inline detail::engine_core& detail::core_of(engine& where) noexcept
{
    return *where.core_;
}

} // namespace vmtask
