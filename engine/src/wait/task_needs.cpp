// SPDX-License-Identifier: BSL-1.0
#include "wait/task_needs.hpp"

#include "base/engine_core.hpp"
#include "base/engine_thread.hpp"
#include "base/ranked_mutex.hpp"
#include "run/event_loop.hpp"

namespace vmtask::detail {

void task_needs::add(const blocked_wait& awaited)
{
    wait = awaited.called;
    auto& needed = awaited.kind() == wait_kind::all ? tasks : any_of;
    for (task_record* const each : awaited.tasks()) needed.push_back(share(*each));
}

namespace {

/// Only those threads of the caller's are known that block.
bool foreign_loop_gets_on(event_loop& loop, std::vector<task_needs>& blocked)
{
    if (loop.is_given_up()) return false;
    loop.foreign()->for_each_blocked([&](engine_thread& thread) {
        const mutex_guard lock(thread.wait_mutex);
        if (thread.blocked_in) blocked.emplace_back().add(*thread.blocked_in);
    });
    return blocked.size() < loop.thread_count();
}

} // namespace

bool event_loop_gets_on(engine_core& core, std::vector<task_needs>& blocked)
{
    if (core.loop.foreign()) return foreign_loop_gets_on(core.loop, blocked);
    bool gets_on = false;
    core.loop.threads()->for_each_thread([&](engine_thread& thread) {
        const mutex_guard lock(thread.wait_mutex);
        if (!thread.blocked_in) gets_on = true;
        else if (!gets_on) blocked.emplace_back().add(*thread.blocked_in);
    });
    return gets_on;
}

} // namespace vmtask::detail
