// SPDX-License-Identifier: BSL-1.0
#include "waiting_room.hpp"

#include "coarse_clock.hpp"
#include "engine_core.hpp"
#include "moved_tasks.hpp"
#include "observe.hpp"
#include "retry_schedule.hpp"
#include "wait_cycle.hpp"

#include <vmtask/error.hpp>

#include <algorithm>
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

bool is_worth_repeating(const retry_policy& policy, std::error_code error) noexcept
{
    try {
        return !policy.repeat_on || policy.repeat_on(error);
    } catch (...) {
        return false; // as its contract says
    }
}

/// Whether nobody knows of a task but those who find it in the room.
bool is_on_its_own(const task_record& posted) noexcept
{
    const task_terms& terms = *posted.terms();
    return posted.runs_on_worker() && !terms.parent && terms.predecessors.empty() && !terms.limits;
}

} // namespace

waiting_room::waiting_room(engine_core& core, const engine_options& options) : core_(core), lanes_(options) {}

// --- Posting ---

intrusive_ptr<task_record> waiting_room::enter(task_record& posted, comparison has_same_result)
{
    task_terms& terms = *posted.terms();
    std::vector<intrusive_ptr<task_record>> replaced;
    bool is_submitted = false;
    bool is_late = false;
    {
        moved_tasks moved;
        const std::lock_guard lock(mutex_);
        terms.place.lane = lanes_.find(terms.names().lane);
        if (terms.when_busy == when_busy::join) {
            if (task_record* const same = same_request_locked(posted, has_same_result)) return share(*same);
        }
        if (terms.when_busy == when_busy::replace) collect_replaced_locked(terms, replaced);
        relate_locked(posted);
        is_submitted = submit_locked(posted, moved);
        if (!is_submitted) is_late = enlist_locked(posted, moved);
    }
    if (is_submitted) core_.workers().notify();
    if (is_late) posted.request_cancel({}, cancel_origin::parent);
    for (const auto& each : replaced) each->cancel_in_queue();
    if (terms.stop) terms.stop->callback.emplace(terms.stop->token, posted);
    return {};
}

/// Gives the task its place among others. The last step that can fail.
void waiting_room::relate_locked(task_record& posted)
{
    task_terms& terms = *posted.terms();
    if (terms.parent && &terms.parent->core() != &core_) throw std::system_error(errc::other_engine);
    if (would_wait_for_itself(posted)) throw std::system_error(errc::cycle);
    for (task_record* whole = terms.parent.get(); whole && !terms.claims.parent;) {
        task_terms* const its = whole->terms();
        if (its && !its->claims.empty() && its->stage != room_stage::outside) terms.claims.parent = &its->claims;
        whole = its ? its->parent.get() : nullptr;
    }
    claims_.prepare(terms.claims);
    try {
        const bool refuses = terms.when_busy == when_busy::fail && terms.predecessors.empty();
        if (refuses && !claims_.enter(terms.claims)) std::rethrow_exception(busy_locked(terms));
        if (terms.parent && !terms.parent->add_part(posted)) throw std::system_error(errc::already_ended);
    } catch (...) {
        claims_.leave(terms.claims, [](claim_set&) {});
        throw;
    }
}

/// The short way of those who need not wait: like tasks without terms, to the
/// workers at once, and known to the board only then. Under the lock all the
/// same: who finds the task in here may end it. False for those who have to be
/// enlisted; they may be in a line already.
bool waiting_room::submit_locked(task_record& posted, moved_tasks& moved) noexcept
{
    // Those on this way come in order of their arrival.
    if (!is_on_its_own(posted) || posted.priority() != task_priority::normal) return false;
    if (!pass_locked(*posted.terms(), moved)) return false;
    core_.board().submit(posted);
    return true;
}

/// True when its whole was asked to stop before it was a part of that.
bool waiting_room::enlist_locked(task_record& posted, moved_tasks& moved) noexcept
{
    task_terms& terms = *posted.terms();
    core_.board().enlist(posted);
    if (terms.stage != room_stage::outside) return false;
    posted.watch_queued(true);
    follow_locked(terms);
    const bool is_late = terms.parent && terms.parent->cancel_requested() && posted.cancelable();
    if (terms.failure) moved.add(terms);
    else if (terms.predecessors_left == 0 && !is_late) advance_locked(terms, moved);
    return is_late;
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
    const std::lock_guard lock(mutex_);
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

/// What to throw at one who would not wait for what it claims.
std::exception_ptr waiting_room::busy_locked(const task_terms& refused) const noexcept
{
    try {
        const claim* const obstacle = claims_.obstacle(refused.claims);
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

/// Lets a task go on as far as it can. True when that is all the way.
bool waiting_room::pass_locked(task_terms& terms, moved_tasks& moved) noexcept
{
    terms.stage = room_stage::claims;
    if (!claim_locked(terms, moved)) return false;
    terms.stage = room_stage::lane;
    if (!lanes_.enter(terms)) return false;
    terms.stage = room_stage::passed;
    return true;
}

void waiting_room::advance_locked(task_terms& terms, moved_tasks& moved) noexcept
{
    if (!pass_locked(terms, moved)) return;
    moved.add(terms);
    if (terms.place.lane) fill_lane_locked(*terms.place.lane, moved);
}

bool waiting_room::claim_locked(task_terms& terms, moved_tasks& moved) noexcept
{
    if (terms.claims.empty() || terms.claims.is_granted() || claims_.enter(terms.claims)) return true;
    if (terms.when_busy == when_busy::fail) {
        terms.failure = busy_locked(terms);
        moved.add(terms);
    }
    return false;
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
        next->stage = room_stage::passed;
        moved.add(*next);
    }
}

void waiting_room::release_claims_locked(task_terms& terms, moved_tasks& moved) noexcept
{
    claims_.leave(terms.claims, [&](const claim_set& granted) {
        // One that refuses to wait is on its way out.
        task_terms& its = *granted.task->terms();
        if (!its.failure) advance_locked(its, moved);
    });
}

bool waiting_room::withdraw(task_record& leaving) noexcept
{
    task_terms& terms = *leaving.terms();
    {
        moved_tasks moved;
        const std::lock_guard lock(mutex_);
        if (terms.stage == room_stage::passed || terms.stage == room_stage::outside) return false;
        if (terms.stage == room_stage::lane) lane_table::withdraw(terms);
        if (terms.stage == room_stage::delay) core_.timers().remove(terms.retry->delay);
        terms.stage = room_stage::passed;
        if (!terms.claims.is_granted()) release_claims_locked(terms, moved);
        leave_predecessors_locked(terms);
    }
    // After the lock: it may be a task's last reference.
    for (const auto& each : terms.predecessors)
        if (each->is_withdrawn_) each->task_ = {};
    return true;
}

void waiting_room::release(task_record& leaving) noexcept
{
    task_terms& terms = *leaving.terms();
    moved_tasks moved(free_worker_after(leaving));
    const std::lock_guard lock(mutex_);
    if (terms.stage == room_stage::outside) return;
    terms.stage = room_stage::outside;
    leave_lane_locked(terms, moved);
    release_claims_locked(terms, moved);
}

// --- Attempts ---

bool waiting_room::delay(task_record& failed, std::error_code error) noexcept
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
    const std::lock_guard lock(mutex_);
    if (!failed.status_.requeue()) return false;
    woken.add(core_.events().note(failed, task_event_kind::attempt_failed, error));
    if (repeated.made.failed++ == 0) repeated.made.first_began_at = failed.began_at_;
    core_.board().count_requeued(failed);
    leave_lane_locked(terms, moved);
    terms.stage = room_stage::delay;
    failed.watch_queued(false);
    if (wait > wait.zero()) {
        repeated.delay.set_deadline(std::chrono::steady_clock::now() + wait);
        core_.timers().add(repeated.delay);
    } else {
        advance_locked(terms, moved);
    }
    return true;
}

void waiting_room::delay_over(task_record& waiting) noexcept
{
    moved_tasks moved;
    const std::lock_guard lock(mutex_);
    if (waiting.terms()->stage == room_stage::delay) advance_locked(*waiting.terms(), moved);
}

// --- Asking and changing ---

void waiting_room::set_lane_limit(const std::string& name, std::size_t limit)
{
    moved_tasks moved;
    const std::lock_guard lock(mutex_);
    fill_lane_locked(lanes_.set_limit(name, limit), moved);
}

void waiting_room::set_priority(task_record& queued, task_priority priority) noexcept
{
    const std::lock_guard lock(mutex_);
    const task_terms& terms = *queued.terms();
    const bool waits_for_lane = terms.stage == room_stage::lane;
    if (waits_for_lane) terms.place.lane->waiting.remove(queued);
    core_.board().set_priority(queued, priority);
    if (waits_for_lane) terms.place.lane->waiting.push(queued);
}

attempts_made waiting_room::attempts_of(const task_terms& terms) noexcept
{
    if (!terms.retry) return {};
    const std::lock_guard lock(mutex_);
    return terms.retry->made;
}

obstacle waiting_room::obstacle_of(task_record& queued)
{
    obstacle found;
    const std::lock_guard lock(mutex_);
    const task_terms& terms = *queued.terms();
    switch (terms.stage) {
    case room_stage::predecessors: found.kind = obstacle_kind::predecessor; break;
    case room_stage::claims: found.kind = obstacle_kind::resource; break;
    case room_stage::lane: found.kind = obstacle_kind::lane; break;
    case room_stage::delay: found.kind = obstacle_kind::delay; break;
    case room_stage::outside:
    case room_stage::passed: return found;
    }
    if (terms.stage == room_stage::lane) found.name = terms.names().lane;
    if (const claim* const first = claims_.obstacle(terms.claims)) found.name = first->resource;
    visit_before_locked(terms, [&](task_record& before) { found.tasks.emplace_back(share(before)); });
    // Whoever stands in the way by two resources is one task all the same.
    const auto is_older = [](const task_handle& left, const task_handle& right) { return left.id() < right.id(); };
    std::sort(found.tasks.begin(), found.tasks.end(), is_older);
    found.tasks.erase(std::unique(found.tasks.begin(), found.tasks.end()), found.tasks.end());
    return found;
}

} // namespace vmtask::detail
