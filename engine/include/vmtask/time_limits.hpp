// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace vmtask {

/// What happens when a task takes longer than it may.
enum class limit_action : std::uint8_t {
    cancel, ///< It is asked to cancel; a task that is not cancelable goes on.
    report, ///< Nothing but that the task, and whoever watches it, says so.
};

/// One limit, and what happens when it is passed.
struct time_limit {
    std::chrono::steady_clock::duration duration;
    limit_action action = limit_action::cancel;
};

/// How long a task may take. They are kept by a thread that does nothing else,
/// so they are on time while all workers and the event loop are busy; a cancel
/// by them shows at once, and calls what the body has registered for it on the
/// event loop.
struct time_limits {
    /// From the post, or the end of an attempt, until the body begins.
    std::optional<time_limit> queued{};
    /// From the begin of the body, in each attempt, without the time paused.
    std::optional<time_limit> running{};
    /// From the post until the end, whatever happens in between.
    std::optional<time_limit> total{};
    /// Since the body said last how far it is, or began, without the time
    /// paused. Noticed up to a quarter later.
    std::optional<time_limit> without_progress{};

    [[nodiscard]] bool empty() const noexcept { return !queued && !running && !total && !without_progress; }
};

} // namespace vmtask
