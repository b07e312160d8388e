// SPDX-License-Identifier: BSL-1.0
#include "gate/limit_watch.hpp"

#include "base/engine_core.hpp"
#include "record/task_record.hpp"
#include "run/reaper.hpp"
#include "time/timer_loop.hpp"

#include <vmtask/detail/intrusive_ptr.hpp>

#include <chrono>
#include <mutex>

namespace vmtask::detail {

// --- One limit ---

limit_alarm::limit_alarm(limit_watch& watch, limit_kind kind) noexcept
    : deadline_entry(deadline_never), watch_(watch), kind_(kind)
{
}

void limit_alarm::arm_locked(steady_time when) noexcept
{
    disarm_locked();
    wanted_ = when;
    if (expiring_.load(std::memory_order_acquire) || when == deadline_never) return;
    set_deadline(when);
    watch_.task_.core().timers.add(*this);
}

void limit_alarm::disarm_locked() noexcept
{
    wanted_ = deadline_never;
    if (!expiring_.load(std::memory_order_acquire)) watch_.task_.core().timers.remove(*this);
}

bool limit_alarm::claim_expiry() noexcept
{
    expiring_.store(true, std::memory_order_release);
    watch_.task_.add_reference();
    return true;
}

void limit_alarm::expire() noexcept
{
    watch_.task_.core().reaper.add(*this);
}

void limit_alarm::run() noexcept
{
    const intrusive_ptr<task_record> held(&watch_.task_, adopt_reference);
    watch_.expired(*this);
}

// --- All of them ---

limit_watch::limit_watch(task_record& task, const time_limits& limits) noexcept
    : task_(task),
      limits_(limits),
      alarms_{{{*this, limit_kind::queued},
               {*this, limit_kind::running},
               {*this, limit_kind::total},
               {*this, limit_kind::without_progress}}}
{
}

const std::optional<time_limit>& limit_watch::limit(limit_kind kind) const noexcept
{
    switch (kind) {
    case limit_kind::queued: return limits_.queued;
    case limit_kind::running: return limits_.running;
    case limit_kind::total: return limits_.total;
    case limit_kind::without_progress: break;
    }
    return limits_.without_progress;
}

void limit_watch::start_locked(limit_kind kind) noexcept
{
    if (!limit(kind)) return;
    // A stall shows only to those who look now and then.
    const auto time = limit(kind)->duration;
    alarm(kind).arm_locked(deadline_after(kind == limit_kind::without_progress ? time / 4 : time));
}

void limit_watch::task_queued_locked(bool is_first_time) noexcept
{
    alarm(limit_kind::running).disarm_locked();
    alarm(limit_kind::without_progress).disarm_locked();
    start_locked(limit_kind::queued);
    if (is_first_time) start_locked(limit_kind::total);
}

void limit_watch::task_began_locked(const progress_mark& mark) noexcept
{
    alarm(limit_kind::queued).disarm_locked();
    mark_ = mark;
    marked_at_ = std::chrono::steady_clock::now();
    start_locked(limit_kind::running);
    start_locked(limit_kind::without_progress);
}

void limit_watch::task_paused_locked() noexcept
{
    if (paused_at_ == deadline_never) paused_at_ = std::chrono::steady_clock::now();
}

/// What was left of the time when the task was paused is what is left now.
void limit_watch::task_resumed_locked() noexcept
{
    if (paused_at_ == deadline_never) return;
    const auto lost = std::chrono::steady_clock::now() - paused_at_;
    paused_at_ = deadline_never;
    marked_at_ += lost;
    for (const limit_kind kind : {limit_kind::running, limit_kind::without_progress}) {
        limit_alarm& delayed = alarm(kind);
        if (delayed.wanted_ == deadline_never) continue;
        delayed.arm_locked(delayed.wanted_ < deadline_never - lost ? delayed.wanted_ + lost : deadline_never);
    }
}

void limit_watch::task_ended_locked() noexcept
{
    for (limit_alarm& each : alarms_) each.disarm_locked();
}

/// On the reaper.
void limit_watch::expired(limit_alarm& expired) noexcept
{
    {
        const mutex_guard lock(task_.mutex_);
        expired.expiring_.store(false, std::memory_order_release);
        if (!is_over_locked(expired, std::chrono::steady_clock::now())) return;
        expired.wanted_ = deadline_never;
        passed_.fetch_or(bit_of(expired.kind_), std::memory_order_acq_rel);
    }
    if (limit(expired.kind_)->action == limit_action::report) return;
    task_.cancel_for_limit(expired.kind_);
}

/// False when the time is not up after all; then the alarm is set again.
bool limit_watch::is_over_locked(limit_alarm& expired, steady_time now) noexcept
{
    if (expired.wanted_ == deadline_never) return false;
    const bool stands_still = paused_at_ != deadline_never
        && (expired.kind_ == limit_kind::running || expired.kind_ == limit_kind::without_progress);
    if (stands_still) return false; // set again when the task is resumed
    if (now < expired.wanted_) {
        expired.arm_locked(expired.wanted_);
        return false;
    }
    if (expired.kind_ != limit_kind::without_progress || has_stalled_locked(now)) return true;
    expired.arm_locked(now + limits_.without_progress->duration / 4);
    return false;
}

bool limit_watch::has_stalled_locked(steady_time now) noexcept
{
    const progress_mark mark = task_.progress_mark_locked();
    if (mark == mark_) return now - marked_at_ >= limits_.without_progress->duration;
    mark_ = mark;
    marked_at_ = now;
    return false;
}

} // namespace vmtask::detail
