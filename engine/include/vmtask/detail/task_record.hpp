// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/block_pool.hpp>
#include <vmtask/detail/deadline.hpp>
#include <vmtask/detail/intrusive_ptr.hpp>
#include <vmtask/detail/progress_cell.hpp>
#include <vmtask/detail/small_mutex.hpp>
#include <vmtask/detail/status_word.hpp>
#include <vmtask/detail/waiter.hpp>
#include <vmtask/progress.hpp>
#include <vmtask/task_options.hpp>
#include <vmtask/task_state.hpp>
#include <vmtask/wait_status.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>

namespace vmtask {

class task_context;

namespace detail {

class engine_core;
template <class>
class arrival_queue;

/// What one task is, shared by its handles, its body and its engine: the one
/// allocation that a task costs. Body and result follow in derived classes.
///
/// Thread safety: all public members may be called from any thread, unless
/// they say otherwise.
class task_record {
public:
    task_record(const task_record&) = delete;
    task_record& operator=(const task_record&) = delete;

    // Tasks are made on one thread and destroyed on another.
    static void* operator new(std::size_t size) { return allocate_block(size); }
    static void operator delete(void* record, std::size_t size) noexcept { free_block(record, size); }
    static void* operator new(std::size_t size, std::align_val_t alignment) { return ::operator new(size, alignment); }
    static void operator delete(void* record, std::align_val_t alignment) noexcept
    {
        ::operator delete(record, alignment);
    }

    void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release_reference() noexcept
    {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) dispose();
    }

    // What a handle asks.
    [[nodiscard]] engine_core& core() const noexcept { return core_; }
    [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
    [[nodiscard]] const std::string& description() const noexcept;
    [[nodiscard]] task_state state() const noexcept { return status_.state(); }
    [[nodiscard]] bool ended() const noexcept { return status_.ended(); }
    [[nodiscard]] bool cancelable() const noexcept { return status_.cancelable(); }
    [[nodiscard]] bool cancel_requested() const noexcept { return status_.cancel_requested(); }
    [[nodiscard]] int percent_completed() const noexcept;
    [[nodiscard]] progress_snapshot progress() const;
    /// The task's own error, or errc::not_ended.
    [[nodiscard]] std::error_code error() const noexcept;
    /// What the body threw; null unless the task ended by an exception.
    [[nodiscard]] std::exception_ptr failure() const noexcept;
    /// Throws unless the task has succeeded.
    void require_success() const;
    std::error_code request_cancel();

    // Waiting.
    /// Blocks the calling thread; see task_handle::wait_for_completion.
    [[nodiscard]] wait_status wait_until(steady_time deadline);
    /// Lists a wait. False when the task has ended; nothing was listed then.
    [[nodiscard]] bool add_waiter(waiter& added, give_up_handler* give_up = nullptr);
    /// Completes the handler's wait as given up, if it is still to be had.
    void give_up(give_up_handler& handler) noexcept;
    /// Unties a handler from its waiter.
    void sever(give_up_handler& handler) noexcept;

    // What the body's end asks.
    progress_cell& progress_numbers() noexcept { return progress_; }
    void set_progress_unit(std::string_view unit);
    void set_step(std::string_view text);
    [[nodiscard]] std::stop_token stop_token();
    [[nodiscard]] bool pass_point_of_no_return() noexcept { return status_.pass_point_of_no_return(); }

    // What the engine does with it.
    /// Runs the body of a started task to its end, on the calling worker.
    void run() noexcept;
    /// True for coroutine bodies, which need the event loop to go on.
    [[nodiscard]] virtual bool runs_on_event_loop() const noexcept { return false; }
    /// True when the calling event loop thread is inside this coroutine.
    [[nodiscard]] virtual bool is_on_this_thread() const noexcept { return false; }

protected:
    task_record(engine_core& core, std::uint64_t id, task_options&& options);
    virtual ~task_record();

    /// Takes a coroutine's task from queued to running; false when a cancel
    /// came first.
    [[nodiscard]] bool start_on_event_loop() noexcept;
    /// Ends a task whose body has begun: decides what `failure` means, destroys
    /// the body, latches the end and tells everyone who waits.
    void end(std::exception_ptr failure) noexcept;
    /// Ends a coroutine's task whose frame is being destroyed around the caller.
    void end_abandoned() noexcept;
    /// Hands the ended task back to the engine, which may let it go.
    void retire() noexcept;

private:
    friend class arrival_queue<task_record>;
    friend class waiter;
    friend class task_board;
    friend class task_list;
    friend class wait_graph;

    virtual void invoke(task_context& context) = 0;
    virtual void destroy_body() noexcept = 0;
    /// Called once, after a running task was asked to stop.
    virtual void on_cancel_requested() noexcept {}

    void dispose() noexcept;
    [[nodiscard]] wait_status block_until(steady_time deadline, steady_time begun);
    [[nodiscard]] bool start() noexcept { return status_.start(); }
    [[nodiscard]] task_state conclude(std::exception_ptr failure) noexcept;
    void end_cancelled_in_queue() noexcept;
    void publish(task_state terminal) noexcept;
    void tell_waiters() noexcept;
    void request_stop() noexcept;
    void detach(waiter& removed) noexcept;
    void forget_waiter_locked(waiter& forgotten) noexcept;
    [[nodiscard]] waiter* pop_waiter() noexcept;

    /// What many tasks never need: made with the task if it has a description,
    /// else when first needed.
    struct extras {
        std::string description; // constant
        std::string unit;
        std::string step;
        std::stop_source stop{std::nostopstate};
    };
    extras& extras_locked();

    // What every task needs comes first, in as few cache lines as possible.
    engine_core& core_;
    const std::uint64_t id_;
    std::atomic<std::uint32_t> references_{2}; // the first handle and the engine
    status_word status_;

    // Guarded by the task board's lock, as is in_run_queue_.
    std::atomic<task_record*> next_{nullptr};
    task_record* previous_ = nullptr;
    steady_time ended_at_{};

    waiter_list waiters_; // guarded by mutex_
    [[no_unique_address]] progress_cell progress_;
    mutable small_mutex mutex_; // fits into the cell's padding

    // Written before the end is latched, constant afterwards.
    std::error_code error_;
    std::exception_ptr failure_;

    std::unique_ptr<extras> extras_;   // guarded by mutex_
    task_record* waits_for_ = nullptr; // guarded by the wait graph's lock
    bool in_run_queue_ = false;        // last: derived classes use the padding
};

/// Counts one more reference, for those who hold a plain one.
[[nodiscard]] inline intrusive_ptr<task_record> share(task_record& record) noexcept
{
    return intrusive_ptr<task_record>(&record);
}

} // namespace detail
} // namespace vmtask
