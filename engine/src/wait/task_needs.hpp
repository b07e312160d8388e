// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "record/task_record.hpp"
#include "wait/blocked_wait.hpp"

#include <vmtask/detail/intrusive_ptr.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vmtask::detail {

class engine_core;
struct lane;

using task_pointer = intrusive_ptr<task_record>;

/// What must happen before a task can end, as far as others have to see to it:
/// written by whoever knows an obstacle, read by the search for waits that cannot
/// end. All of it has to happen.
struct task_needs {
    void clear() noexcept
    {
        tasks.clear();
        any_of.clear();
        wait = {};
        attempt = 0;
        lane = nullptr;
        event_loop = false;
    }

    /// What a thread needs that blocks in that wait. Throws std::bad_alloc.
    void add(const blocked_wait& awaited);

    // Asked for: every task that is in the way, and not only those without whose end
    // the others cannot end either. Those could leave the line without one.
    bool has_to_be_complete = false;

    std::vector<task_pointer> tasks;  // all of them end
    std::vector<task_pointer> any_of; // one of them ends; empty: nothing
    blocked_wait::name wait{};        // in which its body blocks, if it does
    int attempt = 0;
    detail::lane* lane = nullptr; // it gets a place in there
    bool event_loop = false;      // a thread of its engine's event loop gets on
};

/// Who is in a lane, and who waits for it.
struct lane_needs {
    std::ptrdiff_t free_places = 0; // less than none when the lane was narrowed
    std::vector<task_pointer> holders;
    std::vector<task_pointer> waiting; // in the order in which they get a place
};

/// True when a thread of the engine's event loop blocks in no wait for tasks; else
/// adds what each of them waits for. Throws std::bad_alloc.
[[nodiscard]] bool event_loop_gets_on(engine_core& core, std::vector<task_needs>& blocked);

} // namespace vmtask::detail
