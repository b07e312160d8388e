// SPDX-License-Identifier: BSL-1.0
#include "run/scheduler.hpp"

#include "run/reaped_tasks.hpp"
#include "run/released_tasks.hpp"
#include "time/coarse_clock.hpp"
#include "time/timer_loop.hpp"

#include <vmtask/error.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <system_error>
#include <thread>
#include <utility>

namespace vmtask::detail {

scheduler::scheduler(const engine_options& options, timer_loop& timers, reaper& sweeper, reaped_tasks& reaped,
                     event_log& events)
    : timers_(timers),
      sweeper_(sweeper),
      reaped_(reaped),
      events_(events),
      intake_(options, left_queue_),
      queue_(intake_, options.aging),
      registry_(options.retain)
{
}

void scheduler::withdraw() noexcept
{
    const mutex_guard lock(mutex_);
    count_left_locked();
    registry_.withdraw();
    ++counters_.withdrawn;
    if (all_ended_locked()) all_ended_.notify_all();
}

void scheduler::suspend_post() noexcept
{
    const mutex_guard lock(mutex_);
    registry_.suspend_post();
}

/// In this order: a shutdown that has not seen the task on its way again has closed
/// the intake before we look.
bool scheduler::resume_post() noexcept
{
    {
        const mutex_guard lock(mutex_);
        registry_.resume_post();
    }
    return !intake_.is_closed_for_all();
}

void scheduler::enlist(task_record& posted) noexcept
{
    const mutex_guard lock(mutex_);
    registry_.add(posted);
}

void scheduler::unlist(task_record& refused) noexcept
{
    const mutex_guard lock(mutex_);
    registry_.unlist(refused);
}

void scheduler::take_in_locked() noexcept
{
    queue_.take_in(settler());
}

bool scheduler::make_ready(task_record& known) noexcept
{
    const mutex_guard lock(mutex_);
    // Whoever claimed it has looked for it here already, or does so now, and
    // finds it in no queue.
    if (known.status_.is_claimed()) {
        count_left_locked();
        return false;
    }
    known.began_at_ = coarse_now();
    take_in_locked(); // those came before
    queue_.push(known);
    return true;
}

task_record* scheduler::exchange(task_record* ended, bool& more) noexcept
{
    released_tasks released(events_, reaped_);
    const steady_time now = coarse_now();
    const mutex_guard lock(mutex_);
    if (ended) retire_locked(*ended, now, released);
    task_record* const next = start_next_locked(now);
    more = !queue_.empty();
    return next;
}

task_record* scheduler::start_next_locked(steady_time now) noexcept
{
    while (task_record* const next = queue_.pop(settler())) {
        // Started under the lock: whoever cancelled it takes the lock before he
        // lets go of it, so it is still there to be asked.
        const status_word::start_answer answer = next->status_.start();
        if (answer == status_word::start_answer::held) {
            next->is_set_aside_ = true;
            continue;
        }
        count_left_locked();
        if (answer == status_word::start_answer::claimed) continue;
        note_begin_locked(*next, now);
        return next;
    }
    return nullptr;
}

void scheduler::note_begin_locked(task_record& begun, steady_time now) noexcept
{
    begun.began_at_ = now;
    const bool is_first = !begun.terms() || begun.failed_attempts() == 0;
    if (is_first) counters_.queued.add(now - begun.queued_at_);
}

/// Without a locked addition, as all others are made under the lock as well.
void scheduler::count_left_locked() noexcept
{
    left_queue_.store(left_queue_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

void scheduler::count_left() noexcept
{
    const mutex_guard lock(mutex_);
    count_left_locked();
}

void scheduler::count_requeued(const task_record& failed) noexcept
{
    const mutex_guard lock(mutex_);
    ++counters_.requeued;
    counters_.run.add(coarse_now() - failed.began_at_);
    left_queue_.store(left_queue_.load(std::memory_order_relaxed) - 1, std::memory_order_release);
}

bool scheduler::start_elsewhere(task_record& queued) noexcept
{
    const mutex_guard lock(mutex_);
    switch (queued.status_.start()) {
    case status_word::start_answer::claimed: return false;
    case status_word::start_answer::held: queued.is_set_aside_ = true; return false;
    case status_word::start_answer::started: break;
    }
    count_left_locked();
    note_begin_locked(queued, coarse_now());
    return true;
}

void scheduler::take_up(task_record& resumed) noexcept
{
    {
        const mutex_guard lock(mutex_);
        if (!resumed.is_set_aside_) return;
        resumed.is_set_aside_ = false;
    }
    resumed.launch();
}

bool scheduler::take(task_record& queued) noexcept
{
    const mutex_guard lock(mutex_);
    if (!queued.in_run_queue_) take_in_locked();
    if (!queued.in_run_queue_ || queued.status_.start() != status_word::start_answer::started) return false;
    queue_.take_out(queued);
    count_left_locked();
    note_begin_locked(queued, coarse_now());
    return true;
}

void scheduler::leave_queue(task_record& queued) noexcept
{
    const mutex_guard lock(mutex_);
    if (queued.kind() == body_kind::blocking && !queued.is_set_aside_) {
        if (!queued.in_run_queue_) take_in_locked();
        if (!queued.in_run_queue_) return; // a worker has passed it over, or is about to be told of it
        queue_.take_out(queued);
    }
    queued.is_set_aside_ = false;
    count_left_locked();
}

void scheduler::set_priority(task_record& queued, task_priority priority) noexcept
{
    const mutex_guard lock(mutex_);
    if (!queued.in_run_queue_ && queued.kind() == body_kind::blocking) take_in_locked();
    if (!queued.in_run_queue_) {
        queued.priority_ = priority;
        return;
    }
    queue_.set_priority(queued, priority);
}

void scheduler::retire(task_record& ended) noexcept
{
    released_tasks released(events_, reaped_);
    const mutex_guard lock(mutex_);
    retire_locked(ended, coarse_now(), released);
}

void scheduler::retire_locked(task_record& ended, steady_time now, released_tasks& released) noexcept
{
    registry_.retire(ended, now, released);
    counters_.count_end(ended.state());
    // Whoever was claimed has ended in the queue.
    if (!ended.status_.is_claimed()) counters_.run.add(ended.ended_at_ - ended.began_at_);
    prune_locked(now, released);
    arm_sweep_locked();
    if (all_ended_locked()) all_ended_.notify_all();
}

/// Also a reference that is released without more is so under the lock: or the
/// registry would count it when it retires the task, and nobody gave the value back.
scheduler::release_answer scheduler::release_handle(task_record& left) noexcept
{
    const mutex_guard lock(mutex_);
    if (registry::withhold_value(left, 2)) return release_answer::value_withheld;
    return left.drop_reference() ? release_answer::released_last : release_answer::released;
}

task_times scheduler::times_of(task_record& known) noexcept
{
    const mutex_guard lock(mutex_);
    if (known.ended()) registry::note_end(known, coarse_now());
    return {known.began_at_, known.ended_at_};
}

void scheduler::prune_locked(steady_time now, released_tasks& released) noexcept
{
    counters_.evicted += registry_.prune(now, released);
}

void scheduler::sweep::arm_locked(steady_time when) noexcept
{
    armed = true;
    set_deadline(when);
    scheduler_.timers_.add(*this);
}

/// Not on the timer loop: there may be many tasks to drop.
void scheduler::sweep::expire() noexcept
{
    scheduler_.sweeper_.add(*this);
}

void scheduler::sweep_now() noexcept
{
    released_tasks released(events_, reaped_);
    const mutex_guard lock(mutex_);
    sweep_.armed = false;
    prune_locked(coarse_now(), released);
    arm_sweep_locked();
}

void scheduler::arm_sweep_locked() noexcept
{
    if (sweep_.armed) return;
    const steady_time when = registry_.next_prune();
    if (when != deadline_never) sweep_.arm_locked(when);
}

std::vector<task_handle> scheduler::tasks()
{
    released_tasks released(events_, reaped_);
    std::vector<task_handle> listed;
    const mutex_guard lock(mutex_);
    take_in_locked();
    prune_locked(coarse_now(), released);
    for (task_record* const known : registry_.tasks().all()) listed.emplace_back(share(*known));
    return listed;
}

/// Some at a time, and no more than there were at first.
void scheduler::take_in_in_steps() noexcept
{
    constexpr int step = 256;
    for (std::uint64_t left = std::numeric_limits<std::uint64_t>::max(); !intake_.empty() && left > 0;) {
        const mutex_guard lock(mutex_);
        left = std::min(left, intake_.admitted() - registry_.settled());
        for (int i = 0; i < step && left > 0; ++i, --left)
            if (!queue_.take_one_in(settler())) return;
    }
}

std::vector<std::uint64_t> scheduler::pages_after(std::uint64_t id)
{
    take_in_in_steps();
    released_tasks released(events_, reaped_);
    const mutex_guard lock(mutex_);
    take_in_locked(); // what has come meanwhile
    prune_locked(coarse_now(), released);
    return registry_.tasks().pages_after(id);
}

void scheduler::collect_page(std::uint64_t page, std::vector<intrusive_ptr<task_record>>& into)
{
    into.reserve(task_table::page_size);
    const mutex_guard lock(mutex_);
    registry_.tasks().for_each_on_page(page, [&](task_record& known) { into.push_back(share(known)); });
}

void scheduler::read_counters(metrics_snapshot& into)
{
    const mutex_guard lock(mutex_);
    counters_.read(into);
    into.tasks_posted = intake_.admitted() - counters_.withdrawn;
    const std::uint64_t left = left_queue_.load(std::memory_order_relaxed);
    // One that is cancelled on its way to the workers ends before it is seen to leave.
    into.tasks_under_way = left - std::min(left, registry_.ended());
    into.tasks_queued = into.tasks_posted + counters_.withdrawn - left;
    into.tasks_kept = registry_.retained();
}

task_handle scheduler::find(std::uint64_t id)
{
    released_tasks released(events_, reaped_);
    const mutex_guard lock(mutex_);
    take_in_locked();
    prune_locked(coarse_now(), released);
    task_record* const found = registry_.tasks().find(id);
    return found ? task_handle(share(*found)) : task_handle();
}

void scheduler::close(shutdown_mode mode) noexcept
{
    intake_.close(mode);
    for (;;) {
        {
            const mutex_guard lock(mutex_);
            take_in_locked();
            if (registry_.settled() == intake_.admitted()) return;
        }
        // Somebody stands between admit() and submit(), moving a body.
        std::this_thread::yield();
    }
}

bool scheduler::all_ended_locked() const noexcept
{
    return intake_.is_closed() && registry_.ended() == intake_.admitted();
}

bool scheduler::wait_until_all_ended(steady_time deadline)
{
    const mutex_guard lock(mutex_);
    const auto done = [this]() VMTASK_REQUIRES(mutex_) { return registry_.ended() == intake_.admitted(); };
    if (deadline != deadline_never) return all_ended_.wait_until(mutex_, deadline, done);
    all_ended_.wait(mutex_, done);
    return true;
}

std::uint64_t scheduler::clear() noexcept
{
    released_tasks released(events_, reaped_);
    const mutex_guard lock(mutex_);
    registry_.clear(released);
    return intake_.admitted();
}

} // namespace vmtask::detail
