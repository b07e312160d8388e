// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/ranked_mutex.hpp"
#include "record/progress_cell.hpp"
#include "record/progress_history.hpp"
#include "record/status_word.hpp"
#include "record/task_annex.hpp"
#include "record/waiter.hpp"

#include <vmtask/cancel_origin.hpp>
#include <vmtask/detail/deadline.hpp>
#include <vmtask/detail/task_record.hpp>
#include <vmtask/detail/task_work.hpp>
#include <vmtask/progress.hpp>
#include <vmtask/task_priority.hpp>
#include <vmtask/task_state.hpp>
#include <vmtask/time_limits.hpp>
#include <vmtask/wait_status.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace vmtask {

class task_context;
struct obstacle;
struct resource_claim;
struct task_outcome;
struct task_options;

namespace detail {

class blocked_wait;
class clock_reading;
class engine_core;
class limit_watch;
class pause_watch;
class reaped_tasks;
struct lane;
struct lane_needs;
struct progress_mark;
struct task_names;
struct task_needs;
struct task_terms;
template <class>
class mpsc_queue;

/// What one task is, shared by its handles, its body and its engine: the first part of
/// the one allocation that a task costs. Its work, which has body and result, follows
/// right behind it.
///
/// Thread safety: all public members may be called from any thread, unless
/// they say otherwise.
class alignas(std::max_align_t) task_record {
public:
    task_record(const task_record&) = delete;
    task_record& operator=(const task_record&) = delete;

    /// Makes a record that has room for the work behind it. Throws std::bad_alloc, and
    /// std::system_error with errc::bad_options.
    [[nodiscard]] static task_record* make(engine_core& core, std::uint64_t id, task_options* options,
                                           block_layout work);
    /// The work has been made; until then there is none.
    void complete_making() noexcept;
    /// Gives back a record whose work was not made.
    void unmake(block_layout work) noexcept;

    [[nodiscard]] task_work& work() noexcept { return *static_cast<task_work*>(place_of_work()); }
    [[nodiscard]] const task_work& work() const noexcept { return const_cast<task_record*>(this)->work(); }
    [[nodiscard]] void* place_of_work() noexcept { return this + 1; }
    [[nodiscard]] static task_record& record_of(const task_work& work) noexcept;

    void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    /// False when the last reference is gone already, and the task going.
    [[nodiscard]] bool try_add_reference() noexcept;
    void release_reference() noexcept
    {
        std::uint32_t seen = references_.load(std::memory_order_relaxed);
        do {
            // The one that is left may be the engine's: then nobody can ask for the value.
            if (seen == (2 | bit_keeps_value)) return release_last_but_one();
        } while (
            !references_.compare_exchange_weak(seen, seen - 1, std::memory_order_acq_rel, std::memory_order_relaxed));
        if (count_of(seen) == 1) dispose();
    }

    /// The engine's own, which is not the last but one of a handle's.
    void release_engines_reference() noexcept
    {
        if (drop_reference()) dispose();
    }

    // What a handle asks.
    [[nodiscard]] engine_core& core() const noexcept { return core_; }
    [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
    [[nodiscard]] const std::string& description() const noexcept;
    [[nodiscard]] task_state state() const noexcept { return status_.state(); }
    [[nodiscard]] bool ended() const noexcept { return status_.ended(); }
    [[nodiscard]] bool cancelable() const noexcept { return status_.cancelable(); }
    [[nodiscard]] bool cancel_requested() const noexcept { return status_.cancel_requested(); }
    /// Has, or has had, others that are part of it.
    [[nodiscard]] bool has_parts() const noexcept { return status_.has_parts(); }
    /// Somebody waits, or has waited, for its end.
    [[nodiscard]] bool has_waiters() const noexcept { return status_.has_waiters(); }
    /// Of which it is a part; null for none. Stays until the task is destroyed.
    [[nodiscard]] task_record* whole() const noexcept;
    [[nodiscard]] bool is_part_of(const task_record& other) const noexcept;
    /// Precondition: terms().
    [[nodiscard]] const task_names& names() const noexcept;
    /// Its engine's journal is offered what happens to it.
    [[nodiscard]] bool is_journalled() const noexcept;
    /// Precondition: terms(). Throws std::bad_alloc.
    [[nodiscard]] std::vector<resource_claim> claims() const;
    [[nodiscard]] int percent_completed() const noexcept;
    /// Remembers, too, how far the task is now: the speed is told by that.
    [[nodiscard]] progress_snapshot progress();
    /// The task's own error, or errc::not_ended.
    [[nodiscard]] std::error_code error() const noexcept;
    /// What the body threw; null unless the task ended by an exception.
    [[nodiscard]] std::exception_ptr failure() const noexcept;
    /// Throws unless the task has succeeded.
    void require_success() const;
    [[nodiscard]] task_outcome outcome_now();
    /// The first whose request is accepted is remembered; without memory, not
    /// what he called himself.
    std::error_code request_cancel(std::string_view by = {}, cancel_origin origin = cancel_origin::caller);
    std::error_code pause();
    std::error_code resume();
    std::error_code set_priority(task_priority priority);
    [[nodiscard]] obstacle obstacle_now();
    [[nodiscard]] bool has_passed(limit_kind kind) const noexcept;

    // Waiting.
    /// Blocks the calling thread; see task_handle::wait_for_completion.
    [[nodiscard]] wait_status wait_until(steady_time deadline);
    /// Lists a wait. False when the task has ended; nothing was listed then.
    [[nodiscard]] bool add_waiter(waiter& added, give_up_handler* give_up = nullptr);
    /// Has the handler give up a waiter that is not in the list.
    void tie(give_up_handler& give_up, waiter& target) noexcept;
    /// Completes the handler's wait as given up, if it is still to be had.
    void give_up(give_up_handler& handler) noexcept;
    /// Unties a handler from its waiter.
    void sever(give_up_handler& handler) noexcept;

    // What the body's end asks.
    progress_cell& progress_numbers() noexcept { return progress_; }
    void set_progress_unit(std::string_view unit);
    void set_step(std::string_view text);
    // Take effect without memory where something was set before.
    void swap_progress_unit(std::string& unit);
    void swap_step(std::string& text);
    void add_warning(std::string_view text);
    [[nodiscard]] std::stop_token stop_token();
    [[nodiscard]] bool pass_point_of_no_return() noexcept { return status_.pass_point_of_no_return(); }
    [[nodiscard]] bool needs_checkpoint() const noexcept { return status_.needs_checkpoint(); }
    [[nodiscard]] bool is_held() const noexcept { return status_.is_held(); }
    /// Keeps the calling body as long as the task is held.
    void stay_while_held() noexcept;
    /// Lists a coroutine that is to be told when the task is no longer held.
    /// False when it is not; nothing was listed then.
    [[nodiscard]] bool add_paused(waiter& added, give_up_handler* give_up = nullptr);

    /// Tells whoever wants to know that somebody is about to stay; false when that is
    /// nobody, and then nobody is to be told of the resumption.
    [[nodiscard]] bool announce_pause() noexcept;
    void announce_resumption() noexcept;

    // What the engine does with it.
    /// Runs the body of a started task, on the calling worker. True when the
    /// task has ended by that, and is the caller's to retire. When the body ends
    /// the thread the task has failed with errc::abandoned.
    [[nodiscard]] bool run();
    /// Has a queued task, which waits for nothing else, begun.
    void launch() noexcept { work().launch(); }
    /// Gives it to the workers.
    void make_ready() noexcept;
    /// Ends a queued task that nobody has asked to stop: it has failed. Its body is
    /// destroyed on the reaper.
    void fail_in_queue(std::exception_ptr failure) noexcept;
    /// The same for one that the caller has claimed and taken out of every line.
    void fail_withdrawn(std::error_code error) noexcept;
    /// Ends a task that was claimed while it was being posted, and of which nobody
    /// is to hear. False when it has parts already: then it is to be posted as failed.
    [[nodiscard]] bool refuse(std::error_code error) noexcept;
    /// On the reaper: destroys the body of a task that ends unbegun, and publishes
    /// that end.
    void finish_in_queue() noexcept;
    /// The journal has the end, or would not have it: publishes it.
    void end_journalled(task_state terminal) noexcept;
    /// Destroys the body of a task that was not posted after all.
    void drop_body() noexcept { destroy_body(); }
    /// Ends a queued task as cancelled, unless it has begun.
    void cancel_in_queue() noexcept;
    /// The engine is about to go, and this task does not end by itself.
    void end_with_engine() noexcept { work().end_with_engine(); }
    /// The time in the queue begins, for the first time or again.
    void watch_queued(bool is_first_time) noexcept;
    /// How far the body is, to see whether it gets on.
    [[nodiscard]] progress_mark mark_of_progress() const noexcept;
    /// Null for a task that was posted without any.
    [[nodiscard]] task_terms* terms() const noexcept { return annex_.terms(); }
    [[nodiscard]] task_priority priority() const noexcept { return priority_.load(std::memory_order_relaxed); }
    /// Attempts that have failed; the scheduler asks under its lock.
    [[nodiscard]] int failed_attempts() const noexcept;
    [[nodiscard]] steady_time queued_at() const noexcept { return queued_at_; }
    [[nodiscard]] steady_time ready_since() const noexcept { return began_at_; }
    /// Gives up a wait that is still listed; false when it is completed, by
    /// somebody else, or was never listed.
    [[nodiscard]] bool withdraw_waiter(waiter& withdrawn) noexcept;
    /// Adds all that must happen before the task can end. Throws std::bad_alloc.
    void collect_needs(task_needs& needs);
    /// The same for a lane of its engine's.
    void collect_needs(lane& asked, lane_needs& needs);
    /// Says in which wait its body blocks; null: in none.
    void set_blocked(const blocked_wait* wait) noexcept;
    [[nodiscard]] bool is_blocked() const noexcept { return blocked_in_.load(std::memory_order_seq_cst) != nullptr; }
    /// Whether it has a value, or an exception, whose destructor is the user's.
    [[nodiscard]] bool keeps_value() const noexcept { return has_value_to_destroy() || failure_; }
    /// Makes `added` a part of this task. False when this one has ended, or is
    /// about to. Throws std::bad_alloc.
    [[nodiscard]] bool add_part(task_record& added);
    [[nodiscard]] body_kind kind() const noexcept { return kind_; }
    /// True when the calling event loop thread is inside this coroutine.
    [[nodiscard]] bool is_on_this_thread() const noexcept { return work().is_on_this_thread(); }

    /// Takes a task that no worker runs from queued to running; false when a
    /// cancel or a pause came first.
    [[nodiscard]] bool start_elsewhere() noexcept;
    /// Ends a task whose body has begun: decides what `failure` means, destroys
    /// the body, latches the end and tells everyone who waits. False when it
    /// has not ended by that: it is begun anew later, or its parts go on.
    [[nodiscard]] bool end(std::exception_ptr failure) noexcept;
    /// Ends a coroutine's task whose frame is being destroyed around the
    /// caller. False as for end().
    [[nodiscard]] bool end_abandoned() noexcept;
    /// Tells those that stay in a checkpoint of a task that has ended.
    void let_paused_go() noexcept { unpause(); }
    /// Hands the ended task back to the engine, which may let it go.
    void retire() noexcept;
    /// The value has a destructor that does something.
    void keep_value() noexcept { references_.fetch_or(bit_keeps_value, std::memory_order_relaxed); }

private:
    friend class mpsc_queue<task_record>;
    friend class waiter;
    friend class scheduler;
    friend class registry;
    friend class released_tasks;
    friend class run_queue;
    friend class task_list;
    friend class reaped_tasks;
    friend class waiting_room;
    friend class limit_watch;
    friend class pause_watch;
    friend class pending_cancel;
    friend class pending_request;

    task_record(engine_core& core, std::uint64_t id) noexcept;
    task_record(engine_core& core, std::uint64_t id, task_options&& options);
    ~task_record();
    static void destroy_whole(task_record& record) noexcept;

    // What the work does.
    void invoke(task_context& context) { work().invoke(context); }
    void destroy_body() noexcept { work().destroy_body(); }
    [[nodiscard]] bool has_trivial_body() const noexcept { return work().has_trivial_body(); }
    void withhold_value() noexcept { work().withhold_value(); }
    void destroy_value() noexcept { work().destroy_value(); }
    void on_cancel_requested() noexcept { work().on_cancel_requested(); }

    // A value that has a destructor is told by a bit of the references, so that
    // whoever lets go of one looks at nothing else.
    static constexpr std::uint32_t bit_keeps_value = std::uint32_t{1} << 31;
    [[nodiscard]] static std::uint32_t count_of(std::uint32_t seen) noexcept { return seen & ~bit_keeps_value; }
    [[nodiscard]] bool has_value_to_destroy() const noexcept
    {
        return (references_.load(std::memory_order_relaxed) & bit_keeps_value) != 0;
    }
    /// True when it was the last.
    [[nodiscard]] bool drop_reference() noexcept
    {
        return count_of(references_.fetch_sub(1, std::memory_order_acq_rel)) == 1;
    }

    void dispose() noexcept;
    void destroy() noexcept;
    [[nodiscard]] wait_status block_until(steady_time deadline, steady_time begun);
    /// What the body has thrown; null when it has returned.
    [[nodiscard]] std::exception_ptr call_body();
    [[nodiscard]] bool begin_anew(const std::exception_ptr& failure);
    [[nodiscard]] bool end_for_good(std::exception_ptr failure) noexcept;
    [[nodiscard]] task_state conclude(std::exception_ptr failure) noexcept;
    void set_error(std::error_code error) noexcept;
    /// What was set; none before the end.
    [[nodiscard]] std::error_code error_set() const noexcept;
    void end_in_queue(task_state terminal) noexcept;
    void leave_queue() noexcept;
    void release_last_but_one() noexcept;
    void tell_wholes() noexcept;
    void end_with_thread() noexcept;
    [[nodiscard]] bool publish(task_state terminal) noexcept;
    [[nodiscard]] bool parts_go_on(task_state terminal) noexcept;
    void note_begin() noexcept;
    void announce_failed_attempt(std::error_code error) noexcept;
    /// False when a cancel came before.
    [[nodiscard]] bool requeue() noexcept;
    void announce_cancel() noexcept;
    void latch_unseen_end(task_state terminal) noexcept;
    [[nodiscard]] status_word::end_answer latch_end(task_state terminal, bool parts_have_ended) noexcept;
    [[nodiscard]] bool publish_after_parts(task_state terminal) noexcept;
    [[nodiscard]] bool publish_alone(task_state terminal) noexcept;
    void let_go_of_all() noexcept;
    [[nodiscard]] bool offer_end(task_state terminal) noexcept;
    [[nodiscard]] bool is_ended_by_shutdown(task_state terminal) const noexcept;
    [[nodiscard]] cancel_origin cause_of_cancel() const noexcept;
    void warn_unless_kept() noexcept;
    [[nodiscard]] task_outcome outcome_as(task_state state);
    [[nodiscard]] task_outcome outcome_to_offer(task_state terminal) noexcept;
    [[nodiscard]] std::error_code cancel_durably(std::string_view by);
    [[nodiscard]] std::error_code refusal_of_cancel() const noexcept;
    [[nodiscard]] bool has_kept_cancel() const noexcept;
    std::error_code carry_out_cancel_elsewhere(status_word::cancel_answer answer) noexcept;
    [[nodiscard]] task_state verdict_after_parts() noexcept;
    [[nodiscard]] bool part_ended(task_record& part) noexcept;
    void remove_part_locked(task_record& removed) noexcept VMTASK_REQUIRES(mutex_);
    void cancel_parts() noexcept;
    void carry_out_own_cancel() noexcept;
    [[nodiscard]] std::size_t parts_left() const noexcept;
    [[nodiscard]] intrusive_ptr<task_record> next_part_to_tell() noexcept;
    void cancel_for_limit(limit_kind kind) noexcept;
    void let_body_go() noexcept;
    void stop_body() noexcept;
    void stop_body_on_loop() noexcept;
    // Of a list that the task's lock guards; that is not held here.
    void tell_waiters(waiter_list* told) noexcept VMTASK_EXCLUDES(mutex_);
    [[nodiscard]] steady_time::duration cancel_latency() const noexcept;
    void request_stop() noexcept;
    void note_cancel_locked(std::string_view by, cancel_origin origin) noexcept VMTASK_REQUIRES(mutex_);
    [[nodiscard]] steady_time cancelled_at_locked() const noexcept VMTASK_REQUIRES(mutex_);
    void describe_times(task_outcome& described, const clock_reading& clock);
    void describe_extras_locked(task_outcome& described, const clock_reading& clock) const VMTASK_REQUIRES(mutex_);
    void list_waiter_locked(waiter& added, waiter_list& into, give_up_handler* give_up) noexcept
        VMTASK_REQUIRES(mutex_);
    void detach(waiter& removed) noexcept;
    void tie_locked(give_up_handler* give_up, waiter& target) noexcept VMTASK_REQUIRES(mutex_);
    void forget_waiter_locked(waiter& forgotten) noexcept VMTASK_REQUIRES(mutex_);
    [[nodiscard]] waiter* pop_waiter(waiter_list* from) noexcept VMTASK_EXCLUDES(mutex_);
    void unpause() noexcept;
    void tell_pause_watches_locked() noexcept VMTASK_REQUIRES(mutex_);
    void unpause_locked() noexcept VMTASK_REQUIRES(mutex_);
    [[nodiscard]] status_word::cancel_answer
    ask_to_cancel(std::string_view by, cancel_origin origin,
                  status_word::cancel_answer (status_word::*ask)() noexcept) noexcept;
    std::error_code carry_out_cancel(status_word::cancel_answer answer) noexcept;
    [[nodiscard]] limit_watch* limits_or_null() noexcept;
    [[nodiscard]] progress_mark progress_mark_locked() const noexcept VMTASK_REQUIRES(mutex_);
    void watch_begin() noexcept;
    void watch_end() noexcept;

    [[nodiscard]] task_extras* extras_now() const noexcept VMTASK_REQUIRES(mutex_) { return annex_.extras_locked(); }
    /// Throws std::bad_alloc.
    [[nodiscard]] task_extras& extras_locked() VMTASK_REQUIRES(mutex_) { return annex_.make_extras_locked(); }
    void note_progress_locked(const progress_cell::numbers& numbers, progress_snapshot& snapshot)
        VMTASK_REQUIRES(mutex_);

    // What every task needs comes first, in as few cache lines as possible.
    engine_core& core_;
    const std::uint64_t id_;
    std::atomic<std::uint32_t> references_{2}; // the first handle and the engine; and bit_keeps_value
    status_word status_;

    // Guarded by the scheduler's lock, as are priority_, to be set, and the three that follow
    // it; in a lane's queue by the waiting room's.
    std::atomic<task_record*> next_{nullptr};
    task_record* previous_ = nullptr;
    steady_time ended_at_{}; // when the scheduler, or who asked before, saw the end
    steady_time began_at_;   // until then: since when nothing but a worker is missing

    const steady_time queued_at_;

    waiter_list waiters_ VMTASK_GUARDED_BY(mutex_);
    [[no_unique_address]] progress_cell progress_;
    mutable ranked_mutex<lock_rank::task, small_mutex> mutex_; // fits into the cell's padding

    // Written before the end is latched, constant afterwards, as are error_value_ and
    // error_origin_.
    std::exception_ptr failure_;

    task_annex annex_;                                     // its extras are guarded by mutex_
    std::atomic<const blocked_wait*> blocked_in_{nullptr}; // written under mutex_
    int error_value_ = 0;
    std::uint32_t cancel_delay_ms_ VMTASK_GUARDED_BY(mutex_) = 0; // from the post to the cancel, 49 days at most
    cancel_origin cancel_origin_ VMTASK_GUARDED_BY(mutex_) = cancel_origin::none;
    /// Whose error_value_ is: a std::error_code would take twice as much.
    enum class error_origin : std::uint8_t { none, engine, generic, system, exception };
    error_origin error_origin_ = error_origin::none;
    std::atomic<task_priority> priority_ = task_priority::normal;
    bool in_run_queue_ : 1 = false;
    bool is_retained_ : 1 = false;                 // ended, and with the scheduler, which has a reference
    bool is_set_aside_ : 1 = false;                // held when it was to begin
    task_state end_in_queue_ = task_state::queued; // what it ends as, unbegun
    body_kind kind_ = body_kind::blocking;         // constant once it is made
};

} // namespace detail
} // namespace vmtask
