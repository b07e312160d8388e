// SPDX-License-Identifier: BSL-1.0
//
// What keeps a task from its end: every obstacle that there is. The search for
// waits that cannot end knows no other.
#include "record/task_record.hpp"

#include "base/engine_core.hpp"
#include "gate/task_terms.hpp"
#include "gate/waiting_room.hpp"
#include "wait/blocked_wait.hpp"
#include "wait/task_needs.hpp"

namespace vmtask::detail {

void task_record::collect_needs(task_needs& needs)
{
    {
        const mutex_guard lock(mutex_);
        if (extras_now())
            for (task_record* part = extras_now()->first_part; part; part = part->terms()->next_part)
                needs.tasks.push_back(share(*part));
        // Under the lock: a wait that is over is gone as soon as it is free.
        if (const blocked_wait* const wait = blocked_in_.load(std::memory_order_seq_cst)) needs.add(*wait);
    }
    // Only the journal keeps it, which needs no thread of the engine.
    if (terms() && terms()->journalled && terms()->journalled->is_offered()) return;
    // A queued body gets a worker, as the pool sees to that; a coroutine needs a
    // thread of the event loop, whether queued or running.
    needs.event_loop = kind() == body_kind::coroutine;
    if (terms() && state() == task_state::queued) core_.room.collect_needs(*this, needs);
}

void task_record::collect_needs(lane& asked, lane_needs& needs)
{
    core_.room.collect_needs(asked, needs);
}

void task_record::set_blocked(const blocked_wait* wait) noexcept
{
    const mutex_guard lock(mutex_);
    blocked_in_.store(wait, std::memory_order_seq_cst);
}

bool task_record::is_part_of(const task_record& other) const noexcept
{
    for (const task_record* whole = this; whole->terms() && whole->terms()->parent;) {
        whole = whole->terms()->parent.get();
        if (whole == &other) return true;
    }
    return false;
}

} // namespace vmtask::detail
