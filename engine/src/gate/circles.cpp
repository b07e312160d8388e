// SPDX-License-Identifier: BSL-1.0
//
// Whether a task of the waiting room could wait for ever, and what becomes of it then.
#include "gate/waiting_room.hpp"

#include "gate/moved_tasks.hpp"
#include "wait/wait_graph.hpp"

#include <vmtask/error.hpp>

#include <mutex>
#include <utility>

namespace vmtask::detail {
/// Takes a task out of a cycle, in which it waits or would let others wait.
class waiting_room::stuck_task final : public wait_graph::way_out {
public:
    stuck_task(waiting_room& room, task_record& task) noexcept : room_(room), task_(task) {}

    void give_way() noexcept override
    {
        // Else it is somebody else's to end, and gives way so.
        is_ours_ = task_.status_.claim_queued();
        if (!is_ours_) return;
        const mutex_guard lock(room_.mutex_);
        task_terms& terms = *task_.terms();
        if (terms.stage == room_stage::passed) room_.take_back_locked(terms, moved_);
        else room_.withdraw_locked(terms, moved_);
    }

    /// It is out of the cycle, and the caller's to end.
    [[nodiscard]] bool is_ours() const noexcept { return is_ours_; }

private:
    waiting_room& room_;
    task_record& task_;
    moved_tasks moved_; // goes after the lock
    bool is_ours_ = false;
};

/// Looks for a cycle that the post has closed, which its whole would be part of.
/// False when there is one, and the task was not posted.
bool waiting_room::finish_post(task_record& posted)
{
    task_terms& terms = *posted.terms();
    bool is_refused = false;
    {
        stuck_task way_out(*this, posted);
        bool waits = false;
        bool is_only_a_part = false; // nobody waits for it but its whole
        {
            const mutex_guard lock(mutex_);
            waits = terms.stage < room_stage::passed && !terms.failure;
            is_only_a_part = !terms.claims.has_overtaken() && !terms.place.is_waiting;
        }
        const task_record* const whole = is_only_a_part ? terms.parent.get() : nullptr;
        is_refused = waits && wait_graph::free_if_stuck(posted, way_out, whole) && way_out.is_ours();
    }
    if (is_refused) {
        drop_predecessors(terms);
        if (posted.refuse(errc::cycle)) return false;
    }
    moved_tasks moved;
    const mutex_guard lock(mutex_);
    terms.is_being_posted = false;
    const bool has_changed = std::exchange(terms.is_to_be_checked, false); // while it was looked at
    if (terms.stage == room_stage::passed || terms.failure) moved.add(terms);
    else if (has_changed) moved.add_to_check(terms);
    return true;
}

/// It has not begun, so nobody relies on what it has got.
void waiting_room::take_back_locked(task_terms& terms, moved_tasks& moved) noexcept
{
    terms.stage = room_stage::withdrawn;
    leave_lane_locked(terms, moved);
    // Between two attempts its parts may be at work with what it claims.
    if (!terms.retry || terms.retry->made.failed == 0) release_claims_locked(terms, moved);
}

void waiting_room::check(task_record& waiting) noexcept
{
    task_terms& terms = *waiting.terms();
    {
        const mutex_guard lock(mutex_);
        terms.is_to_be_checked = false; // who changes anything from now on has it checked again
        if (terms.stage != room_stage::claims && terms.stage != room_stage::lane) return;
    }
    (void)end_if_stuck(waiting);
}

bool waiting_room::take_back_if_stuck(task_record& passed) noexcept
{
    return end_if_stuck(passed);
}

bool waiting_room::end_if_stuck(task_record& looked_at) noexcept
{
    bool is_ours = false;
    {
        stuck_task way_out(*this, looked_at);
        is_ours = wait_graph::free_if_stuck(looked_at, way_out) && way_out.is_ours();
    }
    if (!is_ours) return false;
    drop_predecessors(*looked_at.terms());
    looked_at.fail_withdrawn(errc::cycle);
    return true;
}

} // namespace vmtask::detail
