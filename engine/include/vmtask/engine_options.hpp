// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/asio_guard.hpp>

#include <asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vmtask {

class task_journal;
class task_observer;

/// A lane: tasks of which only some may be under way at once, such as those
/// that load the same disk array.
struct lane_options {
    /// What `task_options::lane` says.
    std::string name;
    /// Tasks under way at most: begun and not ended, paused ones included.
    /// 0: no limit.
    std::size_t limit = 0;
};

/// How long ended tasks stay in `engine::tasks()` and `engine::find()`.
/// Whichever bound is met first lets them go. A held handle keeps its task and
/// its result for ever, listed or not. An ended task to which nobody has a handle
/// is listed with its outcome, but its result is given back.
struct retention {
    /// Ended tasks kept at most.
    std::size_t count = 1024;
    /// How long after its end a task is kept. Zero or less keeps none.
    std::chrono::steady_clock::duration age = std::chrono::minutes(10);
};

/// What of its tasks' events an engine keeps; see engine::subscribe.
struct event_options {
    /// How many of the latest events; a reader that is further behind than that
    /// gets a snapshot instead. 0: none are made, and they cost nothing.
    std::size_t kept = 0;
    /// How often the progress of running tasks becomes an event, if it has changed
    /// and as long as there is a subscription. Zero or less: never.
    std::chrono::steady_clock::duration progress_interval = std::chrono::milliseconds(250);
};

/// What the threads of an engine are like.
struct thread_options {
    /// What they are called, with "-worker", "-loop", "-timer" or "-reaper" behind it;
    /// the system shows 15 characters, so the name is cut to what is left of these.
    std::string name = "vmtask";
    /// Called on each thread before anything else runs there: to set its priority or
    /// its processors, or to make it known to a profiler. What it throws is
    /// std::terminate. Empty: nothing is called.
    std::function<void()> on_start{};
    /// Bytes of each thread's stack; 0: as the system has it. At least the system's
    /// least (PTHREAD_STACK_MIN), or the engine is refused with errc::bad_options.
    std::size_t stack_size = 0;
};

/// How to set up an engine.
struct engine_options {
    /// Threads for blocking bodies. 0: as many as the machine has processors.
    std::size_t workers = 0;
    /// An io_context of the caller's that is the event loop, by its executor; else
    /// the engine has one of its own, with threads.
    ///
    /// Coroutine bodies run there, and handlers without an executor of their own.
    /// Each wait for such a handler, and each coroutine from its post to its end,
    /// is work of the io_context: run() does not return while there is some. An
    /// exception of a handler leaves run(); `on_handler_exception` is not told.
    ///
    /// What the engine cannot see to then, the caller does. While he blocks the
    /// loop, nothing gets on that runs there; blocking bodies, blocking waits on other
    /// threads, their time-outs and time limits do. A blocking wait in one of the
    /// loop's handlers returns wait_status::would_deadlock where it could never end,
    /// as long as the loop has no more threads than `event_loop_threads` says.
    ///
    /// The loop runs, or has been stopped, or is gone, when the engine goes: its
    /// destruction waits for the coroutines, which end on the loop. On a thread
    /// of the loop it cannot; see vmtask::engine. Where the loop has been stopped
    /// (`io_context::stopped()`), it waits for what can end without, and leaves
    /// coroutines under way behind, to end when the io_context runs again, or goes.
    /// A blocking wait for one of those returns wait_status::would_deadlock from then
    /// on; one that has begun before stays until the coroutine has ended.
    /// Handlers that were ready then run when the io_context does.
    ///
    /// The io_context may go before the engine, even while tasks are being posted:
    /// waits for handlers there go with it, and coroutines end as failed with
    /// errc::abandoned, the later ones too.
    std::optional<asio::io_context::executor_type> event_loop{};
    /// Threads of the event loop: coroutine bodies, and handlers without an
    /// executor of their own. 0 counts as 1. With an `event_loop` of the caller's,
    /// the number of threads that run it.
    std::size_t event_loop_threads = 1;
    /// Further workers, started one by one as tasks block in waits for other
    /// tasks, so that as many as `workers` go on. A wait that would leave no
    /// worker at all is not begun and returns `wait_status::no_worker`.
    std::size_t spare_workers = 256;
    /// How long spare workers stay that no such wait needed; they go within
    /// twice that time. `duration::max()`: until the engine ends.
    std::chrono::steady_clock::duration spare_idle = std::chrono::seconds(10);
    /// Tasks queued at most; `post` reports errc::queue_full beyond. 0: no bound.
    std::size_t queue_limit = std::size_t{1} << 20;
    /// How long a queued task waits until it is worth as much as a newer one of
    /// the next higher priority. `duration::max()`: it never is.
    std::chrono::steady_clock::duration aging = std::chrono::seconds(30);
    /// The id of the first task; others count on from there. 0 counts as 1. By it the ids
    /// of an earlier process, which a journal has kept, are not given out again.
    std::uint64_t first_id = 1;
    /// The lanes that tasks may name. `engine::set_lane_limit` adds others.
    std::vector<lane_options> lanes{};
    /// How long ended tasks are listed.
    retention retain{};
    /// Which events are kept for those who subscribe.
    event_options events{};
    /// Told of what happens to every task, each of them, in this order; see
    /// task_observer. A null one is refused with errc::bad_options.
    std::vector<std::shared_ptr<task_observer>> observers{};
    /// What keeps tasks that have `task_options::parameters`; see task_journal. Null:
    /// nothing does.
    std::shared_ptr<task_journal> journal{};
    /// Told of an exception that escapes a handler which runs on a thread of
    /// the engine, on that thread; the thread then goes on. Bodies are not
    /// meant: what they throw ends their task. Empty: std::terminate.
    std::function<void(std::exception_ptr)> on_handler_exception{};
    // Last: g++ 12 takes a std::function for uninitialised that comes before a member
    // whose initialiser may throw.
    /// What all of its threads are like.
    thread_options threads{};
};

} // namespace vmtask
