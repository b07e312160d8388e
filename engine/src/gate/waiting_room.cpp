// SPDX-License-Identifier: BSL-1.0
//
// How tasks come into the waiting room, get from stage to stage, and leave it.
#include "gate/waiting_room.hpp"

#include "base/engine_core.hpp"
#include "gate/moved_tasks.hpp"
#include "run/scheduler.hpp"
#include "run/worker_pool.hpp"
#include "time/timer_loop.hpp"
#include "wait/wait_graph.hpp"

#include <vmtask/error.hpp>

#include <utility>

namespace vmtask::detail {
namespace {

/// Whether nobody knows of a task but those who find it in the room.
bool is_on_its_own(const task_record& posted) noexcept
{
    const task_terms& terms = *posted.terms();
    return posted.kind() == body_kind::blocking && !terms.parent && terms.predecessors.empty() && !terms.limits
        && !terms.start_time;
}

} // namespace

waiting_room::waiting_room(const engine_core& core, scheduler& scheduler, worker_pool& workers, timer_loop& timers,
                           const engine_options& options)
    : core_(core), scheduler_(scheduler), workers_(workers), timers_(timers), lanes_(options)
{
}

// --- Posting ---

intrusive_ptr<task_record> waiting_room::enter(task_record& posted)
{
    task_terms& terms = *posted.terms();
    std::vector<intrusive_ptr<task_record>> replaced;
    bool is_submitted = false;
    bool is_late = false;
    {
        moved_tasks moved;
        const mutex_guard lock(mutex_);
        lanes_.relate(terms);
        if (terms.when_busy == when_busy::join) {
            if (task_record* const same = same_request_locked(posted)) return share(*same);
        }
        if (terms.when_busy == when_busy::replace) collect_replaced_locked(terms, replaced);
        relate_locked(posted);
        is_submitted = submit_locked(posted, moved);
        if (!is_submitted) is_late = enlist_locked(posted, moved);
    }
    if (is_submitted) workers_.notify();
    if (terms.is_being_posted && !finish_post(posted)) throw std::system_error(errc::cycle);
    if (is_late) posted.request_cancel({}, cancel_origin::parent);
    for (const auto& each : replaced) each->cancel_in_queue();
    if (terms.stop) terms.stop->callback.emplace(terms.stop->token, posted);
    return {};
}

/// Gives the task its place among others.
void waiting_room::relate_locked(task_record& posted)
{
    task_terms& terms = *posted.terms();
    if (terms.parent && &terms.parent->core() != &core_) throw std::system_error(errc::other_engine);
    // Though the whole may claim nothing: others wait for its place in a lane.
    if (task_terms* const whole = terms.parent ? terms.parent->terms() : nullptr)
        terms.claims.set_parent(&whole->claims);
    claims_.prepare(terms.claims);
    try {
        const bool refuses = terms.when_busy == when_busy::fail && terms.predecessors.empty() && !terms.start_time;
        if (refuses && !claims_.is_free(terms.claims)) std::rethrow_exception(busy_locked(terms));
        if (terms.parent && !terms.parent->add_part(posted)) throw std::system_error(errc::already_ended);
    } catch (...) {
        claims_.leave(terms.claims); // it was only prepared: nobody waited for it
        throw;
    }
}

/// The short way of those who need not wait: like tasks without terms, to the
/// workers at once, and known to the scheduler only then. Under the lock all the
/// same: who finds the task in here may end it. False for those who have to be
/// enlisted; they may be in a line already.
bool waiting_room::submit_locked(task_record& posted, moved_tasks& moved) noexcept
{
    // Those on this way come in order of their arrival.
    if (!is_on_its_own(posted) || posted.priority() != task_priority::normal) return false;
    if (!pass_locked(*posted.terms(), moved)) return false;
    scheduler_.submit(posted);
    return true;
}

/// True when its whole was asked to stop before it was a part of that.
bool waiting_room::enlist_locked(task_record& posted, moved_tasks& moved) noexcept
{
    task_terms& terms = *posted.terms();
    scheduler_.enlist(posted);
    if (terms.stage != room_stage::outside) return false;
    posted.watch_queued(true);
    // Nobody waits for a task that is new, but for its whole.
    terms.is_being_posted = static_cast<bool>(terms.parent);
    follow_locked(terms);
    const bool is_late = terms.parent && terms.parent->cancel_requested() && posted.cancelable();
    if (terms.failure) moved.add(terms);
    else if (terms.predecessors_left == 0 && !is_late) advance_locked(terms, moved);
    return is_late;
}
// --- From stage to stage ---

/// Lets a task go on as far as it can. True when that is all the way: then it holds
/// all that it needs. Before, it holds nothing of it, only its place in the lines,
/// so that a part of a task that came before can still go first.
bool waiting_room::pass_locked(task_terms& terms, moved_tasks& moved) noexcept
{
    terms.stage = room_stage::claims;
    if (!claim_locked(terms, moved)) return false;
    terms.stage = room_stage::lane;
    if (!lanes_.enter(terms)) return false;
    pass_through_locked(terms, moved);
    return true;
}

void waiting_room::pass_through_locked(task_terms& terms, moved_tasks& moved) noexcept
{
    terms.stage = room_stage::passed;
    if (!terms.claims.is_due()) return;
    claims_.hold(terms.claims, was_overtaken_locked);
    advance_due_locked(moved);
}

void waiting_room::advance_locked(task_terms& terms, moved_tasks& moved) noexcept
{
    if (terms.start_time) return await_start_time_locked(terms);
    if (!pass_locked(terms, moved)) return look_through_locked(terms, moved);
    moved.add(terms);
    if (terms.place.lane) fill_lane_locked(*terms.place.lane, moved);
}

void waiting_room::await_start_time_locked(task_terms& terms) noexcept
{
    terms.stage = room_stage::start_time;
    timers_.add(*terms.start_time);
}

/// A task that waits for others than before may have closed a cycle, if somebody
/// waits for it. In the lines behind it others do so already, and were looked
/// through with what it will need; but not with fewer places in its lane.
void waiting_room::look_through_locked(task_terms& terms, moved_tasks& moved) noexcept
{
    const task_record& task = terms.task;
    const bool is_awaited = terms.parent || task.has_parts() || task.has_waiters();
    const bool has_lost_places = terms.place.is_waiting && terms.place.lane->was_narrowed;
    if (!terms.failure && (is_awaited || has_lost_places)) moved.add_to_check(terms);
}

/// False when it waits for what it claims.
bool waiting_room::claim_locked(task_terms& terms, moved_tasks& moved) noexcept
{
    claim_set& claims = terms.claims;
    if (claims.is_held()) return true;
    if (claims.is_entered() ? claims.is_due() : claims_.enter(claims, was_overtaken_locked)) return true;
    if (terms.when_busy == when_busy::fail) {
        terms.failure = busy_locked(terms);
        release_claims_locked(terms, moved);
        moved.add(terms);
    }
    return false;
}

/// One that was only waiting for a place in its lane waits for its claims again.
void waiting_room::was_overtaken_locked(claim_set& overtaken) noexcept
{
    task_terms& terms = *overtaken.task->terms();
    if (terms.stage != room_stage::lane) return;
    lane_table::withdraw(terms);
    terms.stage = room_stage::claims;
}

void waiting_room::leave_lane_locked(task_terms& terms, moved_tasks& moved) noexcept
{
    if (!terms.place.lane) return;
    lane_table::leave(terms);
    fill_lane_locked(*terms.place.lane, moved);
}

void waiting_room::fill_lane_locked(lane& filled, moved_tasks& moved) noexcept
{
    while (task_terms* const next = lane_table::next(filled)) {
        pass_through_locked(*next, moved);
        moved.add(*next);
    }
}

void waiting_room::release_claims_locked(task_terms& terms, moved_tasks& moved) noexcept
{
    // A search may have taken it for all that is in the way of others behind it.
    if (terms.claims.is_entered() && !terms.claims.is_held()) wait_graph::note_withdrawal();
    claims_.leave(terms.claims);
    advance_due_locked(moved);
}

/// Those who have got what they claim, by whatever others did. One may let others
/// through in turn: they join the line, and do not become calls in calls.
void waiting_room::advance_due_locked(moved_tasks& moved) noexcept
{
    if (std::exchange(is_advancing_, true)) return;
    while (claim_set* const due = claims_.pop_due()) {
        // One that refuses to wait is on its way out.
        task_terms& its = *due->task->terms();
        if (its.stage == room_stage::claims && !its.failure) advance_locked(its, moved);
    }
    is_advancing_ = false;
}

bool waiting_room::withdraw(task_record& leaving) noexcept
{
    task_terms& terms = *leaving.terms();
    {
        moved_tasks moved;
        const mutex_guard lock(mutex_);
        if (terms.stage == room_stage::outside || terms.stage >= room_stage::passed) return false;
        withdraw_locked(terms, moved);
    }
    drop_predecessors(terms);
    return true;
}

void waiting_room::withdraw_locked(task_terms& terms, moved_tasks& moved) noexcept
{
    if (terms.stage == room_stage::lane) lane_table::withdraw(terms);
    if (terms.stage == room_stage::delay) timers_.remove(terms.retry->delay);
    if (terms.stage == room_stage::start_time) timers_.remove(*terms.start_time);
    terms.stage = room_stage::withdrawn;
    if (!terms.claims.is_held()) release_claims_locked(terms, moved);
    leave_predecessors_locked(terms);
}
void waiting_room::release(task_record& leaving) noexcept
{
    task_terms& terms = *leaving.terms();
    moved_tasks moved(free_worker_after(leaving));
    const mutex_guard lock(mutex_);
    if (terms.stage == room_stage::outside) return;
    terms.stage = room_stage::outside;
    leave_lane_locked(terms, moved);
    release_claims_locked(terms, moved);
}
// --- Asking and changing ---

void waiting_room::set_lane_limit(const std::string& name, std::size_t limit)
{
    moved_tasks moved;
    const mutex_guard lock(mutex_);
    lane& changed = lanes_.set_limit(name, limit);
    fill_lane_locked(changed, moved);
    // With fewer places than before some may wait for each other.
    changed.waiting.for_each_in_order([&](task_record& waiting) { look_through_locked(*waiting.terms(), moved); });
}

void waiting_room::set_priority(task_record& queued, task_priority priority) noexcept
{
    const mutex_guard lock(mutex_);
    const task_terms& terms = *queued.terms();
    const bool waits_for_lane = terms.place.is_waiting;
    if (waits_for_lane) terms.place.lane->waiting.remove(queued);
    scheduler_.set_priority(queued, priority);
    if (waits_for_lane) terms.place.lane->waiting.push(queued);
}
} // namespace vmtask::detail
