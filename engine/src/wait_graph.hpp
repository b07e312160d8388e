// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine_thread.hpp"

#include <vmtask/detail/task_record.hpp>

namespace vmtask::detail {

/// Who waits for whom, among the threads and the tasks of all engines of the
/// process: one graph, since a cycle may run through several engines.
///
/// Only blocking waits on engine threads are edges. Such a wait can end as long
/// as something that gets on can be reached from its task, so the graph is
/// searched for that before the wait begins. Nobody can close a cycle later
/// without being told so himself: every wait is searched in its turn.
class wait_graph {
public:
    /// Notes that `self` is about to block until `target` ends. False, and
    /// nothing noted, when that could never be.
    [[nodiscard]] static bool enter(engine_thread& self, task_record& target) noexcept;
    static void leave(engine_thread& self) noexcept;

private:
    class search;
    static task_record* current_task(engine_thread& self) noexcept;
};

} // namespace vmtask::detail
