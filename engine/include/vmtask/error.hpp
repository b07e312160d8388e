// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <system_error>
#include <type_traits>

namespace vmtask {

/// What the engine itself reports. A task's own failure keeps its own code.
///
/// `cancelled` says that a task was stopped; that a wait was given up is
/// `asio::error::operation_aborted`.
///
/// Where std::errc has the same, a code compares equal to it, so that code which
/// knows no vmtask can tell what is meant:
///
///     cancelled                                     operation_canceled
///     timed_out                                     timed_out
///     would_deadlock, cycle                         resource_deadlock_would_occur
///     queue_full, no_worker                         resource_unavailable_try_again
///     resource_busy                                 device_or_resource_busy
///     not_cancelable                                operation_not_permitted
///     no_events                                     not_supported
///     not_journalled                                io_error
///     no_task, no_body, unknown_lane, other_engine,
///     bad_options, unknown_kind, kind_taken         invalid_argument
enum class errc {
    /// The task was stopped before it had finished.
    cancelled = 1,
    /// The time allowed for a wait or a shutdown has passed; the task goes on.
    timed_out,
    /// The wait could never end, so it was not begun.
    would_deadlock,
    /// As many tasks as `engine_options::queue_limit` allows are queued already.
    queue_full,
    /// The engine is shutting down and takes no further tasks; at most parts of
    /// those under way.
    shutting_down,
    /// The task was posted as not cancelable, or is past its point of no return.
    not_cancelable,
    /// The task has ended, so that nothing can change it any more.
    already_ended,
    /// The task has not ended, so that it has no result yet.
    not_ended,
    /// The handle is empty: it refers to no task.
    no_task,
    /// The body handed to `post` is a null function.
    no_body,
    /// The body threw something that carries no error code.
    task_failed,
    /// The coroutine was destroyed before it reached its end.
    abandoned,
    /// The result can only be moved, and somebody has taken it; or the engine has
    /// given it back, because nobody had a handle to the ended task.
    result_taken,
    /// A resource that the task claims is not free, and it was not to wait.
    resource_busy,
    /// No lane of this name was given to the engine.
    unknown_lane,
    /// The tasks would wait for each other. The last of them was not posted; or it
    /// has failed, unbegun, where that could not be seen when it was posted.
    cycle,
    /// A task that this one was to begin after did not succeed.
    predecessor_failed,
    /// The task has begun, so that its place in the queue is no more.
    already_begun,
    /// The task is not held, so there is nothing to resume.
    not_paused,
    /// The tasks belong to different engines.
    other_engine,
    /// The options contradict each other, or one of them is a number that is no
    /// value of its enumeration.
    bad_options,
    /// The engine keeps no events: `engine_options::events` says so.
    no_events,
    /// No worker would have been left for the tasks that are queued, so the wait
    /// was not begun.
    no_worker,
    /// The journal has dropped the receipt of what it was to keep.
    not_journalled,
    /// No factory was registered for tasks of this kind.
    unknown_kind,
    /// A factory was registered for tasks of this kind before.
    kind_taken,
};

/// The category of errc; its name is "vmtask".
[[nodiscard]] const std::error_category& engine_category() noexcept;

/// Lets errc convert to std::error_code.
[[nodiscard]] std::error_code make_error_code(errc code) noexcept;

} // namespace vmtask

template <>
struct std::is_error_code_enum<vmtask::errc> : std::true_type {
};
