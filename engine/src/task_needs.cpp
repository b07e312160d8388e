// SPDX-License-Identifier: BSL-1.0
//
// What keeps a task from its end: every obstacle that there is. The search for
// waits that cannot end knows no other.
#include "task_needs.hpp"

#include "engine_core.hpp"
#include "engine_thread.hpp"
#include "task_terms.hpp"

#include <vmtask/detail/ranked_mutex.hpp>

namespace vmtask::detail {
namespace {

void note_wait(task_needs& needs, const blocked_wait& wait)
{
    needs.wait = wait.called;
    auto& tasks = wait.kind() == wait_kind::all ? needs.tasks : needs.any_of;
    for (task_record* const each : wait.tasks()) tasks.push_back(share(*each));
}

} // namespace

void task_record::collect_needs(task_needs& needs)
{
    {
        const mutex_guard lock(mutex_);
        if (extras_)
            for (task_record* part = extras_->first_part; part; part = part->terms_->next_part)
                needs.tasks.push_back(share(*part));
        // Under the lock: a wait that is over is gone as soon as it is free.
        if (const blocked_wait* const wait = blocked_in_.load(std::memory_order_seq_cst)) note_wait(needs, *wait);
    }
    // A queued body gets a worker, as the pool sees to that; a coroutine needs a
    // thread of the event loop, whether queued or running.
    needs.event_loop = kind() == body_kind::coroutine;
    if (terms_ && state() == task_state::queued) core_.room().collect_needs(*this, needs);
}

void task_record::set_blocked(const blocked_wait* wait) noexcept
{
    const mutex_guard lock(mutex_);
    blocked_in_.store(wait, std::memory_order_seq_cst);
}

bool task_record::is_part_of(const task_record& other) const noexcept
{
    for (const task_record* whole = this; whole->terms_ && whole->terms_->parent;) {
        whole = whole->terms_->parent.get();
        if (whole == &other) return true;
    }
    return false;
}

bool event_loop_gets_on(engine_core& core, std::vector<task_needs>& blocked)
{
    bool gets_on = false;
    core.loop().threads().for_each_thread([&](engine_thread& thread) {
        const mutex_guard lock(thread.wait_mutex);
        if (!thread.blocked_in) gets_on = true;
        else if (!gets_on) note_wait(blocked.emplace_back(), *thread.blocked_in);
    });
    return gets_on;
}

} // namespace vmtask::detail
