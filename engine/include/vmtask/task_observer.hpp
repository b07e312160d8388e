// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/task_state.hpp>

#include <cstdint>
#include <string_view>
#include <system_error>

namespace vmtask {

/// What an observer is told of a task. Valid during the call.
struct observed_task {
    std::uint64_t id;
    // As task_options said.
    std::string_view description;
    std::string_view kind;
    std::string_view initiator;
    /// The id of the task that it is a part of; 0 for none.
    std::uint64_t parent;
    /// As task_options said.
    std::string_view tag;
};

/// What tracing or logging is attached by: derive from it, and give it to
/// `engine_options::observers`.
///
/// Each member is called where the thing happens, on the thread that does it,
/// which therefore waits for it: a poster, a worker, the event loop, whoever
/// cancels or resumes. Where there are several observers, each is told when the
/// one before has returned, and so waits for it too. No lock of the engine is held. Calls for different tasks
/// come at the same time; those for one task come one after the other: posted,
/// then either withdrawn, or began any number of times, and ended. All have
/// returned when the engine is gone.
///
/// They must not throw, which the compiler sees to (an exception within is
/// std::terminate), and must not wait for a task.
class task_observer {
public:
    virtual ~task_observer() = default;
    task_observer() = default;
    task_observer(const task_observer&) = delete;
    task_observer& operator=(const task_observer&) = delete;

    /// Somebody posts a task. Nobody else can see it yet.
    virtual void posted(const observed_task&) noexcept {}
    /// It was not posted after all: refused, or joined to another.
    virtual void withdrawn(const observed_task&) noexcept {}
    /// Its body is about to be called, once for each attempt.
    virtual void began(const observed_task&) noexcept {}
    /// Its body, or one of the threads that it uses, stays in a checkpoint.
    virtual void paused(const observed_task&) noexcept {}
    /// It goes on, perhaps to be cancelled.
    virtual void resumed(const observed_task&) noexcept {}
    /// Its body has failed, and is to be called again, unless a cancel comes
    /// before.
    virtual void attempt_failed(const observed_task&, std::error_code) noexcept {}
    /// It has ended, with task_handle::error(). Who waits has been told.
    virtual void ended(const observed_task&, task_state, std::error_code) noexcept {}
};

} // namespace vmtask
