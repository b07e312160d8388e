// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/handler_memory.hpp"
#include "base/ranked_mutex.hpp"
#include "base/thread_group.hpp"

#include <cstddef>
#include <mutex>

namespace vmtask::detail {

/// Where code of the user's runs that has no thread of its own: destructors of
/// bodies that never began, and of results that the engine lets go of. They
/// may take their time, or block, and keep neither a caller waiting nor a
/// worker, the event loop or the timer loop.
///
/// Thread safety: all members, but for join() and destruction, which come last.
class reaper {
public:
    /// Something to be done there, once. The reaper links it, and touches it no
    /// more once it runs: it may destroy itself.
    class job {
    public:
        job() = default;
        job(const job&) = delete;
        job& operator=(const job&) = delete;
        virtual void run() noexcept = 0;

    protected:
        ~job() = default;

    private:
        friend class reaper;
        job* next_ = nullptr;
    };

    /// `spare_threads` are those started at most for jobs that block in waits.
    reaper(engine_core& core, std::size_t spare_threads, thread_group::exception_handler on_exception);

    void start() { threads_.add_thread(); }
    /// Runs the jobs that were added, and those that they add, and ends the threads.
    void join();
    [[nodiscard]] thread_group& threads() noexcept { return threads_; }

    /// Has the job run after those added before, one after the other. Allocates
    /// nothing and never fails. After join() nobody else is left to do it: then
    /// the job runs inside this call.
    void add(job& added) noexcept;

    /// The calling thread's job is about to block in a wait: has another thread
    /// do those that follow, which goes again when it is not needed any more.
    /// False when no thread is left for that.
    [[nodiscard]] bool begin_blocking() noexcept;
    void end_blocking() noexcept {}

private:
    void take_turn();
    [[nodiscard]] bool leave_if_spare_locked() noexcept VMTASK_REQUIRES(mutex_);
    void ask_for_turn_locked() noexcept VMTASK_REQUIRES(mutex_);
    [[nodiscard]] job* pop_locked() noexcept VMTASK_REQUIRES(mutex_);
    [[nodiscard]] job* next_of_turn(engine_thread& self);
    [[nodiscard]] bool has_thread_to_spare_locked() noexcept VMTASK_REQUIRES(mutex_);

    const std::size_t spare_threads_;
    handler_memory memory_;
    thread_group threads_;

    ranked_mutex<lock_rank::reaper, std::mutex> mutex_;
    job* oldest_ VMTASK_GUARDED_BY(mutex_) = nullptr;
    job* newest_ VMTASK_GUARDED_BY(mutex_) = nullptr;
    std::size_t handed_on_ VMTASK_GUARDED_BY(mutex_) = 0; // threads still in a job whose turn another has
    bool is_asked_ VMTASK_GUARDED_BY(mutex_) = false;     // a turn is posted or under way
    bool is_closed_ VMTASK_GUARDED_BY(mutex_) = false;
};

} // namespace vmtask::detail
