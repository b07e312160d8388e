// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/task_handle.hpp>

#include <cstdint>
#include <vector>

namespace vmtask {

/// What a shutdown does with the tasks that there are.
enum class shutdown_mode : std::uint8_t {
    drain,  ///< Lets them all run to their end, queued ones too, with the parts they still post.
    cancel, ///< Asks them all to stop, and waits until they have.
};

/// How a shutdown came out.
struct shutdown_report {
    /// The tasks that had not ended when the time was up; empty when all had.
    std::vector<task_handle> unfinished;

    /// True when every task had ended.
    [[nodiscard]] bool complete() const noexcept { return unfinished.empty(); }
};

} // namespace vmtask
