// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/resource.hpp>
#include <vmtask/retry_policy.hpp>
#include <vmtask/task_handle.hpp>
#include <vmtask/task_priority.hpp>
#include <vmtask/time_limits.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace vmtask {

/// What becomes of a task when one that it was to begin after did not succeed.
enum class after_failure : std::uint8_t {
    fail,  ///< It fails with errc::predecessor_failed; its body never runs.
    begin, ///< It begins all the same, once all of them have ended.
};

/// How to post one task. What is left alone costs nothing.
struct task_options {
    /// What the task does, for people; never parsed.
    std::string description{};
    /// False: `request_cancel` is refused with errc::not_cancelable. Shutdown
    /// waits for such a task even when it cancels the others.
    bool cancelable = true;
    /// What sort of task it is, such as "compact"; for filters, and to tell
    /// whether two tasks are the same request.
    std::string kind{};
    /// By which, with the kind, the task can be made again in another process: text or
    /// bytes, never parsed. An engine with a journal has it journalled then, and without
    /// these not; see task_journal. Needs a kind, or the post is refused with
    /// errc::bad_options.
    std::optional<std::string> parameters{};
    /// Who wants it, for filters and for people.
    std::string initiator{};
    /// Why, for people.
    std::string reason{};
    /// Whatever its poster wants to find it by, such as the id of a request; listed,
    /// told and filtered, never parsed.
    std::string tag{};
    /// Which queued task begins first. May be changed by set_priority().
    task_priority priority = task_priority::normal;
    /// The lane whose limit it counts against (`engine_options::lanes`). A part
    /// of a task that has a place in the same lane needs none of its own.
    std::string lane{};
    /// What it needs for itself: all of it together, or it waits, without a
    /// worker. Each resource is granted in the order in which the tasks came.
    /// All is free again before the end of the task is published.
    std::vector<resource_claim> claims{};
    /// What to do when that is not free.
    vmtask::when_busy when_busy = when_busy::queue;
    /// Tasks, of any engine, that must have ended before it begins. Empty
    /// handles are refused with errc::no_task.
    std::vector<task_handle> after{};
    /// What becomes of it when one of these did not succeed.
    vmtask::after_failure after_failure = after_failure::fail;
    /// It does not begin before that, and waits without a worker, claiming nothing yet.
    /// By the steady clock, so that setting the system's moves nothing. Time limits
    /// count from the post all the same, and a shutdown that drains waits for it.
    std::optional<std::chrono::steady_clock::time_point> not_before{};
    /// It is posted paused: it does not begin until task_handle::resume().
    bool held = false;
    /// The task that it is a part of. That one does not end before its parts,
    /// hands its own cancel on to them, and shares its claims with them. It
    /// belongs to the same engine.
    task_handle parent{};
    /// How long it may take.
    time_limits limits{};
    /// Whether it is begun anew when it has failed.
    std::optional<retry_policy> retry{};
    /// A token of the caller's; when stop is requested there, the task is asked
    /// to cancel.
    std::stop_token stop{};
};

} // namespace vmtask
