// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string_view>

namespace vmtask {

/// Where a task is in its life.
///
/// A task begins queued, and ends exactly once: succeeded, failed or cancelled.
enum class task_state : std::uint8_t {
    queued,    ///< Posted; its body has not begun.
    running,   ///< Its body has begun.
    paused,    ///< Its body has begun and is held at a checkpoint.
    succeeded, ///< Ended: its body returned.
    failed,    ///< Ended: its body threw, or was destroyed before its end.
    cancelled, ///< Ended: it was asked to stop, and stopped before it had finished.
};

/// True for the three states in which a task has ended.
[[nodiscard]] constexpr bool is_terminal(task_state state) noexcept
{
    return state >= task_state::succeeded;
}

/// The enumerator's name, for logs and messages.
[[nodiscard]] constexpr std::string_view to_string(task_state state) noexcept
{
    switch (state) {
    case task_state::queued: return "queued";
    case task_state::running: return "running";
    case task_state::paused: return "paused";
    case task_state::succeeded: return "succeeded";
    case task_state::failed: return "failed";
    case task_state::cancelled: return "cancelled";
    }
    return "unknown";
}

} // namespace vmtask
