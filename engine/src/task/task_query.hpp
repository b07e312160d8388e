// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/task_filter.hpp>

namespace vmtask::detail {

class engine_core;

/// The tasks that match, from the scheduler and oldest first. The scheduler's lock is
/// held for a few hundred tasks at a time, and not while they are compared.
[[nodiscard]] task_page find_tasks(engine_core& core, const task_filter& filter, const page_bounds& bounds);

} // namespace vmtask::detail
