// SPDX-License-Identifier: BSL-1.0
//
// What a task of the waiting room does instead of waiting for what it claims.
#include "gate/waiting_room.hpp"

#include "time/coarse_clock.hpp"

#include <vmtask/error.hpp>

#include <exception>
#include <utility>
#include <vector>

namespace vmtask::detail {
task_record* waiting_room::same_request_locked(const task_record& posted)
{
    const task_terms& terms = *posted.terms();
    task_record* found = nullptr;
    claims_.for_each_who_wants(terms.claims.wanted().front(), [&](const claim_set& other) {
        task_record& task = *other.task;
        const bool is_same = task.terms()->names().kind == terms.names().kind && other.same_as(terms.claims)
            && task.work().result_type() == posted.work().result_type();
        if (is_same && !task.ended() && !task.cancel_requested()) found = &task;
        return found != nullptr;
    });
    return found;
}

void waiting_room::collect_replaced_locked(const task_terms& posted, std::vector<intrusive_ptr<task_record>>& replaced)
{
    claims_.for_each_who_wants(posted.claims.wanted().front(), [&](const claim_set& other) {
        const bool is_same = other.task->terms()->names().kind == posted.names().kind && other.same_as(posted.claims);
        if (is_same && other.task->state() == task_state::queued) replaced.push_back(share(*other.task));
        return false;
    });
}

/// What to throw at one who would not wait for what it claims: the first who holds
/// it, or else the first of those who wait.
std::exception_ptr waiting_room::busy_locked(task_terms& refused) noexcept
{
    try {
        const claim* obstacle = nullptr;
        claims_.for_each_obstacle(refused.claims, [&](const claim& each) {
            obstacle = &each;
            return each.owner->is_held();
        });
        const task_record& holder = *obstacle->owner->task;
        const auto age = coarse_now() - holder.queued_at_;
        resource_busy refusal(obstacle->resource, task_handle(share(*obstacle->owner->task)), age);
        // A failure that the task keeps: its own part may be the holder, and keeps it.
        if (!refused.predecessors.empty()) refusal.holder_ = {};
        throw refusal;
    } catch (...) {
        return std::current_exception();
    }
}

} // namespace vmtask::detail
