// SPDX-License-Identifier: BSL-1.0
//
// Tasks of the waiting room that have failed and are to be begun anew.
#include "gate/waiting_room.hpp"

#include "gate/moved_tasks.hpp"
#include "gate/retry_schedule.hpp"
#include "run/scheduler.hpp"
#include "time/timer_loop.hpp"

#include <vmtask/detail/forced_unwind.hpp>
#include <vmtask/error.hpp>

#include <chrono>
#include <memory>
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

} // namespace

bool waiting_room::delay(task_record& failed, std::error_code error)
{
    task_terms& terms = *failed.terms();
    repetition& repeated = *terms.retry;
    const retry_policy& policy = repeated.policy;
    const int attempts = repeated.made.failed + 1;
    if (attempts >= policy.attempts || !is_worth_repeating(policy, error)) return false;
    failed.announce_failed_attempt(error);
    const auto wait = delay_after(policy, attempts, luck());

    moved_tasks moved;
    const mutex_guard lock(mutex_);
    if (!failed.requeue()) return false;
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

attempts_made waiting_room::attempts_of(const task_terms& terms) noexcept
{
    if (!terms.retry) return {};
    const mutex_guard lock(mutex_);
    return terms.retry->made;
}

} // namespace vmtask::detail
