// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace vmtask::detail {

/// What a task is called beside its description, for filters and people, and
/// where it belongs.
struct task_names {
    std::string kind;
    std::string initiator;
    std::string reason;
    std::string lane;
    std::string tag;
};

} // namespace vmtask::detail
