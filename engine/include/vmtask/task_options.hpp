// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace vmtask {

/// How to post one task.
struct task_options {
    /// What the task does, for people; never parsed.
    std::string description{};
    /// False: `request_cancel` is refused with errc::not_cancelable. Shutdown
    /// waits for such a task even when it cancels the others.
    bool cancelable = true;
};

} // namespace vmtask
