// SPDX-License-Identifier: BSL-1.0
#include "gate/waiting_room.hpp"

#include "base/engine_core.hpp"
#include "gate/moved_tasks.hpp"
#include "gate/retry_schedule.hpp"
#include "run/scheduler.hpp"
#include "run/worker_pool.hpp"
#include "tell/event_log.hpp"
#include "tell/observe.hpp"
#include "time/coarse_clock.hpp"
#include "time/timer_loop.hpp"
#include "wait/task_needs.hpp"
#include "wait/wait_graph.hpp"

#include <vmtask/detail/forced_unwind.hpp>
#include <vmtask/error.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <thread>
#include <utility>

namespace vmtask::detail {
namespace {

/// A number from 0 to 1 that differs from task to task; nothing secret.
double luck() noexcept
{
    thread_local std::minstd_rand random(
        static_cast<unsigned>(std::hash<std::thread::id>()(std::this_thread::get_id())
                              ^ static_cast<std::size_t>(std::chrono::steady_clock::now().time_since_epoch().count())));
    return std::uniform_real_distribution<double>()(random);
}

bool is_worth_repeating(const retry_policy& policy, std::error_code error)
{
    assert_no_lock_held("repeat_on is asked");
    try {
        return !policy.repeat_on || policy.repeat_on(error);
    } catch (forced_unwind&) {
        throw;
    } catch (...) {
        return false; // as its contract says
    }
}

/// Whether nobody knows of a task but those who find it in the room.
bool is_on_its_own(const task_record& posted) noexcept
{
    const task_terms& terms = *posted.terms();
    return posted.kind() == body_kind::blocking && !terms.parent && terms.predecessors.empty() && !terms.limits
        && !terms.start_time;
}

} // namespace

waiting_room::waiting_room(const engine_core& core, scheduler& scheduler, worker_pool& workers, timer_loop& timers,
                           event_log& events, const engine_options& options)
    : core_(core), scheduler_(scheduler), workers_(workers), timers_(timers), events_(events), lanes_(options)
{
}

// --- Posting ---

intrusive_ptr<task_record> waiting_room::enter(task_record& posted, comparison has_same_result)
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
            if (task_record* const same = same_request_locked(posted, has_same_result)) return share(*same);
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

template <class Visit>
void waiting_room::for_each_predecessor_locked(const task_terms& terms, Visit visit)
{
    for (const auto& each : terms.predecessors) {
        task_record* const before = each->task_locked();
        if (before && !before->ended()) visit(*before);
    }
}

void waiting_room::follow_locked(task_terms& terms) noexcept
{
    terms.stage = room_stage::predecessors;
    for (const auto& each : terms.predecessors) {
        terms.task.add_reference();
        if (each->task_->add_waiter(*each)) {
            ++terms.predecessors_left;
            continue;
        }
        terms.task.release_reference();
        note_end_locked(terms, *each->task_);
        each->is_over_ = true;
        each->task_ = {}; // not the last reference: the poster's options have one
    }
}

/// Those who are to begin after a task that did not succeed fail with it, if
/// they did not say otherwise.
void waiting_room::note_end_locked(task_terms& terms, const task_record& ended) noexcept
{
    const bool is_lost = ended.state() != task_state::succeeded && terms.after_failure == after_failure::fail;
    if (!is_lost || terms.failure) return;
    try {
        const std::string which = "task " + std::to_string(ended.id()) + " " + std::string(to_string(ended.state()));
        terms.failure = std::make_exception_ptr(std::system_error(errc::predecessor_failed, which));
    } catch (...) {
        terms.failure = std::current_exception();
    }
}

void waiting_room::predecessor_ended(predecessor& ended) noexcept
{
    moved_tasks moved;
    const mutex_guard lock(mutex_);
    task_terms& terms = *ended.dependant_.terms();
    ended.is_over_ = true;
    if (terms.stage != room_stage::predecessors) return;
    --terms.predecessors_left;
    const bool was_lost = terms.failure != nullptr;
    note_end_locked(terms, *ended.task_);
    if (terms.failure) {
        if (!was_lost) moved.add(terms);
    } else if (terms.predecessors_left == 0) {
        advance_locked(terms, moved);
    }
}

void waiting_room::leave_predecessors_locked(task_terms& terms) noexcept
{
    for (const auto& each : terms.predecessors) {
        if (each->is_over_ || !each->task_->withdraw_waiter(*each)) continue;
        each->is_over_ = true;
        each->is_withdrawn_ = true;
        terms.task.release_reference();
    }
}

task_record* waiting_room::same_request_locked(const task_record& posted, comparison has_same_result)
{
    const task_terms& terms = *posted.terms();
    task_record* found = nullptr;
    claims_.for_each_who_wants(terms.claims.wanted().front(), [&](const claim_set& other) {
        task_record& task = *other.task;
        const bool is_same =
            task.terms()->names().kind == terms.names().kind && other.same_as(terms.claims) && has_same_result(task);
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

/// It has not begun, so nobody relies on what it has got.
void waiting_room::take_back_locked(task_terms& terms, moved_tasks& moved) noexcept
{
    terms.stage = room_stage::withdrawn;
    leave_lane_locked(terms, moved);
    // Between two attempts its parts may be at work with what it claims.
    if (!terms.retry || terms.retry->made.failed == 0) release_claims_locked(terms, moved);
}

/// Without the lock: it may be a task's last reference.
void waiting_room::drop_predecessors(task_terms& terms) noexcept
{
    for (const auto& each : terms.predecessors)
        if (each->is_withdrawn_) each->task_ = {};
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

// --- Cycles ---

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

// --- Attempts ---

bool waiting_room::delay(task_record& failed, std::error_code error)
{
    task_terms& terms = *failed.terms();
    repetition& repeated = *terms.retry;
    const retry_policy& policy = repeated.policy;
    const int attempts = repeated.made.failed + 1;
    if (attempts >= policy.attempts || !is_worth_repeating(policy, error)) return false;
    observe(failed, &task_observer::attempt_failed, error);
    const auto wait = delay_after(policy, attempts, luck());

    woken_readers woken;
    moved_tasks moved;
    const mutex_guard lock(mutex_);
    if (!failed.status_.requeue()) return false;
    woken.add(events_.note(failed, task_event_kind::attempt_failed, error));
    if (repeated.made.failed++ == 0) repeated.made.first_began_at = failed.began_at_;
    scheduler_.count_requeued(failed);
    leave_lane_locked(terms, moved);
    terms.stage = room_stage::delay;
    failed.watch_queued(false);
    if (wait > wait.zero()) {
        repeated.delay.set_deadline(std::chrono::steady_clock::now() + wait);
        timers_.add(repeated.delay);
    } else {
        advance_locked(terms, moved);
    }
    return true;
}

void waiting_room::delay_over(task_record& waiting) noexcept
{
    std::unique_ptr<begin_delay> over; // which calls this, and goes after the lock
    moved_tasks moved;
    const mutex_guard lock(mutex_);
    task_terms& terms = *waiting.terms();
    if (terms.stage == room_stage::start_time) over = std::move(terms.start_time);
    else if (terms.stage != room_stage::delay) return;
    advance_locked(terms, moved);
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

attempts_made waiting_room::attempts_of(const task_terms& terms) noexcept
{
    if (!terms.retry) return {};
    const mutex_guard lock(mutex_);
    return terms.retry->made;
}

obstacle_kind waiting_room::obstacle_at(room_stage stage) noexcept
{
    switch (stage) {
    case room_stage::predecessors: return obstacle_kind::predecessor;
    case room_stage::start_time: return obstacle_kind::start_time;
    case room_stage::claims: return obstacle_kind::resource;
    case room_stage::lane: return obstacle_kind::lane;
    case room_stage::delay: return obstacle_kind::delay;
    case room_stage::outside:
    case room_stage::passed:
    case room_stage::withdrawn: break;
    }
    return obstacle_kind::none;
}

obstacle waiting_room::obstacle_of(task_record& queued)
{
    obstacle found;
    const mutex_guard lock(mutex_);
    task_terms& terms = *queued.terms();
    found.kind = obstacle_at(terms.stage);
    const auto add = [&](task_record& before) { found.tasks.emplace_back(share(before)); };
    // No default: a new kind of obstacle has to say who is in the way, here and in
    // collect_needs().
    switch (found.kind) {
    case obstacle_kind::predecessor: for_each_predecessor_locked(terms, add); break;
    case obstacle_kind::resource:
        claims_.for_each_obstacle(terms.claims, [&](const claim& each) {
            if (found.name.empty()) found.name = each.resource;
            add(*each.owner->task);
            return false;
        });
        break;
    case obstacle_kind::lane:
        found.name = terms.names().lane;
        for (task_terms* each = terms.place.lane->first_holder; each; each = each->place.next_holder) add(each->task);
        break;
    case obstacle_kind::start_time:
    case obstacle_kind::delay:
    case obstacle_kind::none:
    case obstacle_kind::worker:
    case obstacle_kind::hold: break;
    }
    // Whoever stands in the way by two resources is one task all the same.
    const auto is_older = [](const task_handle& left, const task_handle& right) { return left.id() < right.id(); };
    std::sort(found.tasks.begin(), found.tasks.end(), is_older);
    found.tasks.erase(std::unique(found.tasks.begin(), found.tasks.end()), found.tasks.end());
    return found;
}

/// Each stage leads to the next, so what keeps the task there counts already: it
/// will have to be over, whenever the task comes to it.
void waiting_room::collect_needs(task_record& queued, task_needs& needs)
{
    const mutex_guard lock(mutex_);
    task_terms& terms = *queued.terms();
    if (terms.retry) needs.attempt = terms.retry->made.failed;
    switch (obstacle_at(terms.stage)) {
    case obstacle_kind::predecessor:
        for_each_predecessor_locked(terms, [&](task_record& before) { needs.tasks.push_back(share(before)); });
        [[fallthrough]];
    case obstacle_kind::start_time:
    case obstacle_kind::resource: collect_obstacles_locked(terms, needs); [[fallthrough]];
    case obstacle_kind::delay:
    case obstacle_kind::lane:
        if (terms.place.lane && !terms.place.is_own && !terms.place.host && !lane_table::host_of(terms))
            needs.lane = terms.place.lane;
        break;
    case obstacle_kind::none:
    case obstacle_kind::worker:
    case obstacle_kind::hold: break;
    }
}

void waiting_room::collect_obstacles_locked(task_terms& terms, task_needs& needs)
{
    const auto add = [&](const claim& each) { needs.tasks.push_back(share(*each.owner->task)); };
    if (!needs.has_to_be_complete) return claims_.for_each_nearest_obstacle(terms.claims, add);
    claims_.for_each_obstacle(terms.claims, [&](const claim& each) {
        add(each);
        return false;
    });
}

void waiting_room::collect_needs(lane& asked, lane_needs& needs)
{
    const mutex_guard lock(mutex_);
    const auto limit = std::min<std::size_t>(asked.limit - 1, std::numeric_limits<std::uint32_t>::max()) + 1; // 0: none
    needs.free_places = static_cast<std::ptrdiff_t>(limit) - static_cast<std::ptrdiff_t>(asked.under_way);
    for (task_terms* each = asked.first_holder; each; each = each->place.next_holder)
        needs.holders.push_back(share(each->task));
    asked.waiting.for_each_in_order([&](task_record& waiting) { needs.waiting.push_back(share(waiting)); });
}

} // namespace vmtask::detail
