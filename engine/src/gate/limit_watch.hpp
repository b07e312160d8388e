// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/deadline_entry.hpp"
#include "record/progress_cell.hpp"
#include "record/task_record.hpp"
#include "run/reaper.hpp"
#include "tell/progress_mark.hpp"

#include <vmtask/time_limits.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace vmtask::detail {

class limit_watch;
class task_record;

/// One of a task's time limits, on the timer loop while its time runs, and then on
/// the reaper: what a limit sets in motion runs code of the user's.
///
/// It may be set anew at the moment in which it expires; so it keeps the time
/// at which it is wanted, and looks at that again under the task's lock.
class limit_alarm final : public deadline_entry, public reaper::job {
public:
    limit_alarm(limit_watch& watch, limit_kind kind) noexcept;

    void arm_locked(steady_time when) noexcept;
    void disarm_locked() noexcept;

private:
    friend class limit_watch;

    bool claim_expiry() noexcept override;
    void expire() noexcept override;
    void run() noexcept override;

    limit_watch& watch_;
    const limit_kind kind_;
    std::atomic<bool> expiring_{false}; // from claim_expiry() to run(), not with the timer loop
    steady_time wanted_ = deadline_never;
};

/// Watches the time limits of one task.
///
/// Its functions that end in `_locked` are called under the task's lock.
class limit_watch {
public:
    limit_watch(task_record& task, const time_limits& limits) noexcept;
    limit_watch(const limit_watch&) = delete;
    limit_watch& operator=(const limit_watch&) = delete;

    void task_queued_locked(bool is_first_time) noexcept;
    void task_began_locked(const progress_mark& mark) noexcept;
    void task_paused_locked() noexcept;
    void task_resumed_locked() noexcept;
    void task_ended_locked() noexcept;

    [[nodiscard]] bool has_passed(limit_kind kind) const noexcept
    {
        const bool exists = static_cast<std::size_t>(kind) < alarms_.size();
        return exists && (passed_.load(std::memory_order_acquire) & bit_of(kind)) != 0;
    }

private:
    friend class limit_alarm;

    static std::uint8_t bit_of(limit_kind kind) noexcept
    {
        return static_cast<std::uint8_t>(1U << static_cast<unsigned>(kind));
    }
    [[nodiscard]] limit_alarm& alarm(limit_kind kind) noexcept { return alarms_[static_cast<std::size_t>(kind)]; }
    [[nodiscard]] const std::optional<time_limit>& limit(limit_kind kind) const noexcept;
    void start_locked(limit_kind kind) noexcept;
    void expired(limit_alarm& expired) noexcept;
    [[nodiscard]] bool is_over_locked(limit_alarm& expired, steady_time now) noexcept VMTASK_REQUIRES(task_.mutex_);
    [[nodiscard]] bool has_stalled_locked(steady_time now) noexcept VMTASK_REQUIRES(task_.mutex_);

    task_record& task_;
    const time_limits limits_;
    std::array<limit_alarm, 4> alarms_;
    std::atomic<std::uint8_t> passed_{0};

    // Guarded by the task's lock.
    steady_time paused_at_ = deadline_never;
    progress_mark mark_;
    steady_time marked_at_{};
};

} // namespace vmtask::detail
