// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/small_mutex.hpp"
#include "base/thread_safety.hpp"

#include <cstdint>
#include <utility>

namespace vmtask::detail {

/// The engine's locks, in the order in which a thread may take them. It never
/// has two of the same rank.
enum class lock_rank : std::uint8_t {
    wait_graph, // one per process
    waiting_room,
    task,
    scheduler,
    coroutine_executor,
    event_log,
    reaped_tasks,
    reaper,
    worker_pool,
    thread_group,
    engine_thread,
    postponed_waits,
    timer_loop,
    // Under these nothing else is locked.
    rare_events,
    event_loop_probe,
    event_loop,
    wait_registry,
    pause_watch,
    block_pool,
};

// With VMTASK_CHECK_LOCKS, which the library and all who use its headers agree
// on, each thread knows what it has locked.
#ifdef VMTASK_CHECK_LOCKS

/// Aborts, and names both, unless all locks that the thread has come before.
void check_lock_order(lock_rank wanted) noexcept;
void note_locked(lock_rank locked) noexcept;
void note_unlocked(lock_rank unlocked) noexcept;
/// Aborts, and names it, unless the thread has a lock of that rank.
void check_lock_held(lock_rank needed) noexcept;
/// Stands where code of the user's is about to run or to be destroyed: aborts,
/// and names the lock, when the thread has one.
void assert_no_lock_held(const char* here) noexcept;

#else

constexpr void check_lock_order(lock_rank) noexcept {}
constexpr void note_locked(lock_rank) noexcept {}
constexpr void note_unlocked(lock_rank) noexcept {}
constexpr void check_lock_held(lock_rank) noexcept {}
constexpr void assert_no_lock_held(const char*) noexcept {}

#endif

/// A mutex with its place in the order of locks; as large as without.
template <lock_rank Rank, class Mutex>
class VMTASK_CAPABILITY ranked_mutex {
public:
    constexpr ranked_mutex() noexcept = default;
    ranked_mutex(const ranked_mutex&) = delete;
    ranked_mutex& operator=(const ranked_mutex&) = delete;

    void lock() noexcept(noexcept(std::declval<Mutex&>().lock())) VMTASK_ACQUIRE() VMTASK_NO_THREAD_SAFETY_ANALYSIS
    {
        check_lock_order(Rank);
        mutex_.lock();
        note_locked(Rank);
    }

    [[nodiscard]] bool try_lock() noexcept VMTASK_TRY_ACQUIRE(true) VMTASK_NO_THREAD_SAFETY_ANALYSIS
    {
        check_lock_order(Rank);
        const bool locked = mutex_.try_lock();
        if (locked) note_locked(Rank);
        return locked;
    }

    void unlock() noexcept VMTASK_RELEASE() VMTASK_NO_THREAD_SAFETY_ANALYSIS
    {
        note_unlocked(Rank);
        mutex_.unlock();
    }

    /// For functions that are called under the lock by others who cannot say so.
    void assert_held() const noexcept VMTASK_ASSERTS_HELD() { check_lock_held(Rank); }

    /// For one who takes all of a rank, always in the same order, and nothing else.
    [[nodiscard]] Mutex& unranked() noexcept { return mutex_; }

private:
    Mutex mutex_;
};

static_assert(sizeof(ranked_mutex<lock_rank::task, small_mutex>) == 4);

/// std::lock_guard, of which Clang knows what it locks.
template <class Mutex>
class VMTASK_SCOPED_CAPABILITY mutex_guard {
public:
    explicit mutex_guard(Mutex& mutex) noexcept(noexcept(mutex.lock())) VMTASK_ACQUIRE(mutex) : mutex_(mutex)
    {
        mutex_.lock();
    }
    ~mutex_guard() VMTASK_RELEASE() { mutex_.unlock(); }
    mutex_guard(const mutex_guard&) = delete;
    mutex_guard& operator=(const mutex_guard&) = delete;

private:
    Mutex& mutex_;
};

} // namespace vmtask::detail
