// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/ranked_mutex.hpp"
#include "gate/lane_table.hpp"
#include "gate/lock_manager.hpp"
#include "gate/task_terms.hpp"

#include <vmtask/engine_options.hpp>
#include <vmtask/obstacle.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <system_error>
#include <vector>

namespace vmtask::detail {

class engine_core;
class moved_tasks;
struct lane_needs;
class scheduler;
struct task_needs;
class timer_loop;
class worker_pool;

/// Where posted tasks wait that may not begin yet: for tasks before them, for
/// what they claim, for a place in their lane, for their next attempt; in this
/// order. Tasks without terms never come here.
///
/// One lock, taken when such a task is posted, begins, fails or ends. Under it
/// tasks are only moved; they are launched and ended after it.
///
/// Thread safety: all members.
class waiting_room {
public:
    /// What gets through goes to the scheduler and its workers.
    waiting_room(const engine_core& core, scheduler& scheduler, worker_pool& workers, timer_loop& timers,
                 const engine_options& options);

    /// Lets a posted task in, and makes it known to the scheduler; it may have gone
    /// through, or ended, when this returns. Returns the task to be joined in
    /// its place, if it says so and there is one; null otherwise.
    ///
    /// Errors, as exceptions; then the task is not in: errc::unknown_lane,
    /// errc::no_task for an empty handle among its predecessors,
    /// errc::other_engine for a parent of another, errc::already_ended for a
    /// parent that has ended, errc::cycle, resource_busy, std::bad_alloc.
    [[nodiscard]] intrusive_ptr<task_record> enter(task_record& posted);

    /// Takes a task that will not begin, or not again, out of every line; true
    /// when it was in one. It keeps what its parts use.
    bool withdraw(task_record& leaving) noexcept;

    /// A task waits for something else than before: ends it as failed with
    /// errc::cycle if that would never be over.
    void check(task_record& waiting) noexcept;
    /// The same for one that has got all that it needs, and whose parts could never
    /// end if it kept that. True when it has been taken back.
    [[nodiscard]] bool take_back_if_stuck(task_record& passed) noexcept;

    /// Frees all that a task holds here whose parts have ended.
    void release(task_record& leaving) noexcept;

    /// A body has failed. True when the task is queued again, for another
    /// attempt after a while; it must not be touched any more then.
    [[nodiscard]] bool delay(task_record& failed, std::error_code error);
    void delay_over(task_record& waiting) noexcept;

    void predecessor_ended(predecessor& ended) noexcept;

    /// Errors: errc::unknown_lane as an answer of lane_limit; bad_alloc.
    void set_lane_limit(const std::string& name, std::size_t limit);

    void set_priority(task_record& queued, task_priority priority) noexcept;

    [[nodiscard]] attempts_made attempts_of(const task_terms& terms) noexcept;

    /// What a queued task waits for; nothing if it is not in here.
    [[nodiscard]] obstacle obstacle_of(task_record& queued);

    /// Adds what keeps a queued task from beginning, and what will do so later, as
    /// far as that can be seen. Throws std::bad_alloc.
    void collect_needs(task_record& queued, task_needs& needs);
    void collect_needs(lane& asked, lane_needs& needs);

private:
    void collect_obstacles_locked(task_terms& terms, task_needs& needs);
    class stuck_task;

    void relate_locked(task_record& posted);
    [[nodiscard]] bool submit_locked(task_record& posted, moved_tasks& moved) noexcept;
    [[nodiscard]] bool enlist_locked(task_record& posted, moved_tasks& moved) noexcept;
    [[nodiscard]] bool finish_post(task_record& posted);
    void look_through_locked(task_terms& terms, moved_tasks& moved) noexcept;
    void follow_locked(task_terms& terms) noexcept;
    static void leave_predecessors_locked(task_terms& terms) noexcept;
    static void note_end_locked(task_terms& terms, const task_record& ended) noexcept;
    [[nodiscard]] task_record* same_request_locked(const task_record& posted);
    void collect_replaced_locked(const task_terms& posted, std::vector<intrusive_ptr<task_record>>& replaced);
    [[nodiscard]] std::exception_ptr busy_locked(task_terms& refused) noexcept;
    [[nodiscard]] bool pass_locked(task_terms& terms, moved_tasks& moved) noexcept;
    void advance_locked(task_terms& terms, moved_tasks& moved) noexcept;
    [[nodiscard]] bool claim_locked(task_terms& terms, moved_tasks& moved) noexcept;
    void await_start_time_locked(task_terms& terms) noexcept;
    void leave_lane_locked(task_terms& terms, moved_tasks& moved) noexcept;
    void fill_lane_locked(lane& filled, moved_tasks& moved) noexcept;
    void release_claims_locked(task_terms& terms, moved_tasks& moved) noexcept;
    void withdraw_locked(task_terms& terms, moved_tasks& moved) noexcept;
    void take_back_locked(task_terms& terms, moved_tasks& moved) noexcept;
    void pass_through_locked(task_terms& terms, moved_tasks& moved) noexcept;
    void advance_due_locked(moved_tasks& moved) noexcept;
    [[nodiscard]] bool end_if_stuck(task_record& looked_at) noexcept;
    template <class Visit>
    static void for_each_predecessor_locked(const task_terms& terms, Visit visit);
    static void drop_predecessors(task_terms& terms) noexcept;
    static void was_overtaken_locked(claim_set& overtaken) noexcept;
    [[nodiscard]] static obstacle_kind obstacle_at(room_stage stage) noexcept;

    const engine_core& core_; // whose tasks come here
    scheduler& scheduler_;
    worker_pool& workers_;
    timer_loop& timers_;

    ranked_mutex<lock_rank::waiting_room, small_mutex> mutex_;
    // Guarded by mutex_.
    lock_manager claims_;
    lane_table lanes_;
    bool is_advancing_ = false; // on this very thread, further out
};

} // namespace vmtask::detail
