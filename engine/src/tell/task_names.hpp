// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/task_priority.hpp>

#include <optional>
#include <string>

namespace vmtask::detail {

/// What a task was posted as, beside its description: for filters and people, and to
/// make it again.
struct task_names {
    std::string kind;
    std::string initiator;
    std::string reason;
    std::string lane;
    std::string tag;
    std::optional<std::string> parameters;          // with the kind, what it is made of
    task_priority priority = task_priority::normal; // as it was posted
};

} // namespace vmtask::detail
