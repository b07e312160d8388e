// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/task_handle.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vmtask {

/// Why a queued task has not begun.
enum class obstacle_kind : std::uint8_t {
    none,        ///< Nothing: it is not queued.
    worker,      ///< Nothing but its turn.
    predecessor, ///< Tasks that it is to begin after.
    resource,    ///< Something that it claims.
    lane,        ///< Its lane is full.
    delay,       ///< It has failed and is tried again after a while.
    hold,        ///< It is paused.
    start_time,  ///< Its time has not come (`task_options::not_before`).
};

/// The enumerator's name, for logs and messages.
[[nodiscard]] constexpr std::string_view to_string(obstacle_kind kind) noexcept
{
    switch (kind) {
    case obstacle_kind::none: return "none";
    case obstacle_kind::worker: return "worker";
    case obstacle_kind::predecessor: return "predecessor";
    case obstacle_kind::resource: return "resource";
    case obstacle_kind::lane: return "lane";
    case obstacle_kind::delay: return "delay";
    case obstacle_kind::hold: return "hold";
    case obstacle_kind::start_time: return "start_time";
    }
    return "unknown";
}

/// What a queued task waits for, at the moment of the question.
struct obstacle {
    obstacle_kind kind = obstacle_kind::none;
    /// The first resource that is not free, or the lane.
    std::string name;
    /// Who must end before: the predecessors that have not ended; those who hold or
    /// come first for the resources that it claims; or those who have a place in the
    /// lane, of whom one is enough. Each once, oldest first.
    std::vector<task_handle> tasks;
};

} // namespace vmtask
