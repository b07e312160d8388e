// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/deadline_entry.hpp"
#include "base/ranked_mutex.hpp"
#include "run/intake.hpp"
#include "run/reaper.hpp"
#include "run/registry.hpp"
#include "run/run_queue.hpp"
#include "tell/counters.hpp"

#include <vmtask/detail/engine_access.hpp>
#include <vmtask/engine_options.hpp>
#include <vmtask/shutdown.hpp>
#include <vmtask/task_handle.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace vmtask::detail {

class event_log;
class reaped_tasks;
class released_tasks;
class timer_loop;

/// All the tasks of an engine, from their post to their retirement: the intake, the
/// run queue and the registry, and how many tasks are where.
///
/// One short lock over these, which a worker takes once per task and a poster never.
///
/// Thread safety: all members.
class scheduler {
public:
    /// The timer loop reminds it of ended tasks that have grown too old,
    /// which the reaper then has dropped.
    scheduler(const engine_options& options, timer_loop& timers, reaper& sweeper, reaped_tasks& reaped,
              event_log& events);

    /// The id for one task more, which is to be a part of `whole` if that is not
    /// null; from then on it counts as queued. Throws std::system_error with
    /// errc::shutting_down or errc::queue_full.
    [[nodiscard]] std::uint64_t admit(const task_record* whole)
    {
        return intake_.admit(whole, [this] { withdraw(); });
    }
    /// Gives the place back of a task that was not made.
    void withdraw() noexcept;
    /// An admitted task is on its way for as long as the journal takes. A shutdown
    /// waits for it like for one that has not ended.
    void suspend_post() noexcept;
    /// It goes on. False when the engine takes it no longer.
    [[nodiscard]] bool resume_post() noexcept;
    /// True once all tasks were asked to cancel, and none is taken any more.
    [[nodiscard]] bool is_closed() const noexcept { return intake_.is_closed_for_all(); }
    /// Queues an admitted task for a worker.
    void submit(task_record& posted) noexcept { intake_.add(posted); }
    /// Makes an admitted task known that is not for a worker, or not yet.
    void enlist(task_record& posted) noexcept;
    /// Forgets a known task that was not posted after all, and is to be withdrawn.
    void unlist(task_record& refused) noexcept;
    /// Queues a known task for a worker. False when somebody is ending it.
    [[nodiscard]] bool make_ready(task_record& known) noexcept;
    /// Takes a task that no worker runs from queued to running; false when a
    /// cancel or a pause came first.
    [[nodiscard]] bool start_elsewhere(task_record& queued) noexcept;
    /// Starts a task that is queued for a worker, for the calling worker to run;
    /// false when it is not, or somebody is ending it, or it is held.
    [[nodiscard]] bool take(task_record& queued) noexcept;
    /// A task that was to begin while it was held may do so now.
    void take_up(task_record& resumed) noexcept;
    /// A started task is queued again, for another attempt.
    void count_requeued(const task_record& failed) noexcept;
    /// A task has left the queue that was not ready for a worker yet.
    void count_left() noexcept;
    /// Moves a queued task to where its new priority belongs.
    void set_priority(task_record& queued, task_priority priority) noexcept;

    /// What a worker asks for between two tasks: hands in the task that it has
    /// ended, if any, and gets the next one, already started, or nullptr.
    /// `more` says whether others are left.
    [[nodiscard]] task_record* exchange(task_record* ended, bool& more) noexcept;
    /// Hands in an ended task that no worker ran.
    void retire(task_record& ended) noexcept;
    /// Takes a task out of the queue; it will not be started.
    void leave_queue(task_record& queued) noexcept;
    /// What became of a handle's reference that may be the last but the scheduler's.
    enum class release_answer : std::uint8_t {
        value_withheld, ///< Still the caller's, as is the value: to be destroyed, unreachable.
        released,
        released_last, ///< So is the task to be destroyed.
    };
    [[nodiscard]] release_answer release_handle(task_record& left) noexcept;
    /// Without the lock: a hint, exact for tasks submitted before.
    [[nodiscard]] bool has_queued() const noexcept { return queue_.has_queued(); }

    [[nodiscard]] std::vector<task_handle> tasks();
    [[nodiscard]] task_handle find(std::uint64_t id);
    /// Who wants to see many tasks asks for them page by page, so that nobody
    /// waits long for the lock: the pages with higher ids than that, in order.
    [[nodiscard]] std::vector<std::uint64_t> pages_after(std::uint64_t id);
    /// Adds the tasks of a page, by id.
    void collect_page(std::uint64_t page, std::vector<intrusive_ptr<task_record>>& into);
    void read_counters(metrics_snapshot& into);
    [[nodiscard]] task_times times_of(task_record& known) noexcept;
    /// The first task for which `is_wanted(const task_record&)`, asked under
    /// the lock; nullptr when there is none.
    template <class Predicate>
    [[nodiscard]] task_record* find_if(Predicate is_wanted) noexcept
    {
        const mutex_guard lock(mutex_);
        return registry_.tasks().find_if(is_wanted);
    }
    /// From now on admit() throws; but draining lets parts in of tasks that have
    /// not ended. Returns when no task is on its way any more, so that tasks()
    /// shows all there will ever be, but for such parts.
    void close(shutdown_mode mode) noexcept;
    /// Waits until all tasks have ended; false when the deadline comes first.
    [[nodiscard]] bool wait_until_all_ended(steady_time deadline);
    /// Lets go of all ended tasks. Returns how many tasks were ever admitted.
    std::uint64_t clear() noexcept;

private:
    /// The reminder.
    class sweep final : public deadline_entry, public reaper::job {
    public:
        explicit sweep(scheduler& scheduler) noexcept : deadline_entry(deadline_never), scheduler_(scheduler) {}
        void arm_locked(steady_time when) noexcept;
        bool armed = false; // guarded by the scheduler's lock

    private:
        bool claim_expiry() noexcept override { return true; }
        void expire() noexcept override;
        void run() noexcept override { scheduler_.sweep_now(); }

        scheduler& scheduler_;
    };

    /// What becomes of a task that comes out of the intake. Called under the lock.
    [[nodiscard]] auto settler() noexcept
    {
        return [this](task_record& posted) {
            mutex_.assert_held();
            registry_.add(posted);
        };
    }
    void take_in_locked() noexcept VMTASK_REQUIRES(mutex_);
    void take_in_in_steps() noexcept;
    void count_left_locked() noexcept VMTASK_REQUIRES(mutex_);
    [[nodiscard]] task_record* start_next_locked(steady_time now) noexcept VMTASK_REQUIRES(mutex_);
    void retire_locked(task_record& ended, steady_time now, released_tasks& released) noexcept VMTASK_REQUIRES(mutex_);
    void note_begin_locked(task_record& begun, steady_time now) noexcept VMTASK_REQUIRES(mutex_);
    void prune_locked(steady_time now, released_tasks& released) noexcept VMTASK_REQUIRES(mutex_);
    void arm_sweep_locked() noexcept VMTASK_REQUIRES(mutex_);
    void sweep_now() noexcept;
    [[nodiscard]] bool all_ended_locked() const noexcept VMTASK_REQUIRES(mutex_);

    timer_loop& timers_;
    reaper& sweeper_;
    reaped_tasks& reaped_;
    event_log& events_;

    // Written by workers, under the lock, and read by others without it.
    alignas(64) std::atomic<std::uint64_t> left_queue_{0}; // started, cancelled or withdrawn

    intake intake_; // taken out under the lock
    ranked_mutex<lock_rank::scheduler, small_mutex> mutex_;
    std::condition_variable_any all_ended_;
    run_queue queue_; // guarded by mutex_, but for has_queued()
    registry registry_ VMTASK_GUARDED_BY(mutex_);
    sweep sweep_ VMTASK_GUARDED_BY(mutex_){*this};
    task_counters counters_ VMTASK_GUARDED_BY(mutex_);
};

} // namespace vmtask::detail
