// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string_view>

namespace vmtask {

/// How a blocking wait came out. It speaks of the wait, not of the task: a
/// task that failed is a completed wait.
enum class wait_status : std::uint8_t {
    completed,      ///< The task has ended.
    timed_out,      ///< The time has passed first; the task goes on.
    would_deadlock, ///< The wait could never end, so it was not begun.
    no_worker,      ///< No worker would be left for the tasks that are queued, so it was not begun.
};

/// The enumerator's name, for logs and messages.
[[nodiscard]] constexpr std::string_view to_string(wait_status status) noexcept
{
    switch (status) {
    case wait_status::completed: return "completed";
    case wait_status::timed_out: return "timed_out";
    case wait_status::would_deadlock: return "would_deadlock";
    case wait_status::no_worker: return "no_worker";
    }
    return "unknown";
}

} // namespace vmtask
