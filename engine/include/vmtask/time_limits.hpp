// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/deadline.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace vmtask {

/// What happens when a task takes longer than it may. In each case the task
/// says so from then on: task_handle::has_passed().
enum class limit_action : std::uint8_t {
    cancel, ///< It is asked to cancel; a task that is not cancelable goes on.
    report, ///< Nothing else.
};

/// One limit, and what happens when it is passed.
struct time_limit {
    /// A duration that the clock cannot express is no limit. Zero or less is
    /// passed at once.
    template <class Rep, class Period>
    // NOLINTNEXTLINE(google-explicit-constructor): a limit is a duration first of all
    time_limit(std::chrono::duration<Rep, Period> most, limit_action when_passed = limit_action::cancel)
        : duration(detail::saturated(most)), action(when_passed)
    {
    }

    std::chrono::steady_clock::duration duration;
    limit_action action;
};

/// Which of them.
enum class limit_kind : std::uint8_t { queued, running, total, without_progress };

/// The enumerator's name, for logs and messages.
[[nodiscard]] constexpr std::string_view to_string(limit_kind kind) noexcept
{
    switch (kind) {
    case limit_kind::queued: return "queued";
    case limit_kind::running: return "running";
    case limit_kind::total: return "total";
    case limit_kind::without_progress: return "without_progress";
    }
    return "unknown";
}

/// How long a task may take. They are kept by a thread that does nothing else,
/// so they are on time while all workers and the event loop are busy. A cancel by
/// them shows at once; it ends a task that has not begun, and lets a paused one go
/// on, on a thread of the engine for that; what the body has registered for a
/// cancel is called on the event loop.
struct time_limits {
    /// From the post, or the end of an attempt, until the body begins.
    std::optional<time_limit> queued{};
    /// From the begin of the body, in each attempt, without the time paused.
    std::optional<time_limit> running{};
    /// From the post until the end, whatever happens in between.
    std::optional<time_limit> total{};
    /// Since the body said anything new about its progress, or began, without
    /// the time paused. Noticed up to a quarter later.
    std::optional<time_limit> without_progress{};

    [[nodiscard]] bool empty() const noexcept { return !queued && !running && !total && !without_progress; }
};

} // namespace vmtask
