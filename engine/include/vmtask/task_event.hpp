// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/obstacle.hpp>
#include <vmtask/progress.hpp>
#include <vmtask/resource.hpp>
#include <vmtask/task_outcome.hpp>
#include <vmtask/task_priority.hpp>
#include <vmtask/task_state.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace vmtask {

/// What has happened to a task.
enum class task_event_kind : std::uint8_t {
    posted,           ///< It is new, and queued.
    began,            ///< Its body is about to be called, once for each attempt.
    paused,           ///< Its body stays in a checkpoint.
    resumed,          ///< Its body goes on, perhaps to be cancelled.
    attempt_failed,   ///< Its body has failed; it is queued again, unless a cancel comes before.
    cancel_requested, ///< Its body has been asked to stop.
    progressed,       ///< Its body has reported progress since the event before.
    ended,            ///< It has ended; the event carries the outcome.
    removed,          ///< The engine lists it no longer; or it was refused when posted.
};

/// The enumerator's name, for logs and messages.
[[nodiscard]] constexpr std::string_view to_string(task_event_kind kind) noexcept
{
    switch (kind) {
    case task_event_kind::posted: return "posted";
    case task_event_kind::began: return "began";
    case task_event_kind::paused: return "paused";
    case task_event_kind::resumed: return "resumed";
    case task_event_kind::attempt_failed: return "attempt_failed";
    case task_event_kind::cancel_requested: return "cancel_requested";
    case task_event_kind::progressed: return "progressed";
    case task_event_kind::ended: return "ended";
    case task_event_kind::removed: return "removed";
    }
    return "unknown";
}

/// What a queued task waits for, as values: see vmtask::obstacle.
struct obstacle_summary {
    obstacle_kind kind = obstacle_kind::none;
    std::string name{};
    /// The ids of those who are in the way, oldest first.
    std::vector<std::uint64_t> tasks{};
};

/// A task as values of their own, at one version of the engine's events.
struct task_summary {
    /// What `engine::find` finds it by, as long as it is listed.
    std::uint64_t id = 0;
    // As task_options said.
    std::string description{};
    std::string kind{};
    std::string initiator{};
    std::string tag{};
    /// The id of the task that it is a part of; 0 for none.
    std::uint64_t parent = 0;
    /// What it claims, whether it has got it yet or has given it back.
    std::vector<resource_claim> claims{};

    /// As it is set now; to set it is no event.
    task_priority priority = task_priority::normal;
    task_state state = task_state::queued;
    bool cancel_requested = false;
    /// May be newer than the rest, but is never of a later state.
    progress_snapshot progress{};
    /// In snapshots only: what a queued task waits for while the snapshot is taken.
    /// It changes with what other tasks do, without an event of this one.
    std::optional<obstacle_summary> obstacle{};
};

/// One change of one task.
struct task_event {
    /// Versions count the changes of an engine: each event has the next one. They
    /// go on rising from one run of a program to the next, as long as the
    /// system's clock does; a double holds them exactly.
    std::uint64_t version = 0;
    task_event_kind kind = task_event_kind::posted;
    /// The task after the change; of a removed one, the last state, and what has
    /// never changed but the description.
    task_summary task{};
    /// Why the attempt failed, and for an end what task_handle::error() says.
    std::error_code error{};
    /// For an end, all there is to say about it.
    std::optional<task_outcome> outcome{};
};

/// What a reader gets at a time.
struct event_batch {
    /// All tasks that the engine lists, of those that the reader asked for, oldest
    /// first: what the reader knew before counts no longer. Set in the first batch of a reader that brings no version,
    /// and after a loss.
    std::optional<std::vector<task_summary>> snapshot{};
    /// The reader was too slow, or away for too long: there were events that the
    /// engine keeps no longer. The snapshot has what they led to.
    bool lost = false;
    /// What has changed since, oldest first.
    std::vector<task_event> events{};
    /// What `engine::subscribe` continues after: that of the last event, or of the
    /// snapshot if there is none; a later one, where a reader has asked for some
    /// tasks and events of others came then.
    std::uint64_t version = 0;
};

} // namespace vmtask
