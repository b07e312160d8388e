// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/cancel_origin.hpp>
#include <vmtask/task_state.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace vmtask {

/// One exception on the way to a failure.
struct failure_cause {
    /// As task_handle::error() would say of it.
    std::error_code code;
    /// Its what(); the code's message for one that has none.
    std::string message;
};

/// All there is to say about how a task came out, as values of their own: for
/// logs, histories and people.
///
/// Of a task that has not ended it says what is known so far; then nothing in
/// it is final. Times are told by the system's clock as it is set when one asks:
/// right to a few milliseconds. Those of one outcome are in order; who asks again
/// after that clock was set is told other times of the same instants.
struct task_outcome {
    using time_point = std::chrono::system_clock::time_point;

    task_state state = task_state::queued;
    /// As task_handle::error() says.
    std::error_code code;
    /// What went wrong, for people; empty when the task has succeeded or not
    /// ended.
    std::string message;
    /// The exceptions that led to this failure (std::throw_with_nested), the
    /// nearest first; `message` is not among them. At most 64.
    std::vector<failure_cause> causes;
    /// The step that the body reported last; for a failure, the one it was in.
    std::string step;
    /// What the body warned of, in that order: the first `most_warnings`.
    std::vector<std::string> warnings;
    /// How many more it warned of.
    std::size_t warnings_dropped = 0;
    /// How often the body was begun; 0 when it never was.
    int attempts = 0;

    /// As `task_options` said.
    std::string kind;
    std::string initiator;
    std::string reason;
    std::string tag;

    time_point queued;
    /// When the body was first begun.
    std::optional<time_point> started;
    /// When the end was seen first: by the engine, or by whoever asked before.
    std::optional<time_point> ended;

    /// On whose behalf a cancel was accepted first, if one was. A task that
    /// then got to its end has succeeded all the same.
    cancel_origin cancel_requested = cancel_origin::none;
    /// What that caller of request_cancel() called himself; may be empty.
    std::string cancel_requested_by;
    std::optional<time_point> cancel_requested_at;

    static constexpr std::size_t most_warnings = 32;
};

} // namespace vmtask
