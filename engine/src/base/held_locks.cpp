// SPDX-License-Identifier: BSL-1.0
#include "base/ranked_mutex.hpp"

#ifdef VMTASK_CHECK_LOCKS

#include <bit>
#include <cstdio>
#include <cstdlib>

namespace vmtask::detail {
namespace {

/// One bit for each rank, as a thread has at most one lock of each.
constinit thread_local std::uint32_t held_locks = 0;

constexpr std::uint32_t bit_of(lock_rank rank) noexcept
{
    return std::uint32_t{1} << static_cast<unsigned>(rank);
}

lock_rank last_held() noexcept
{
    return static_cast<lock_rank>(std::bit_width(held_locks) - 1);
}

const char* name_of(lock_rank rank) noexcept
{
    switch (rank) {
    case lock_rank::wait_graph: return "wait_graph";
    case lock_rank::waiting_room: return "waiting_room";
    case lock_rank::task: return "task";
    case lock_rank::scheduler: return "scheduler";
    case lock_rank::coroutine_executor: return "coroutine_executor";
    case lock_rank::event_log: return "event_log";
    case lock_rank::reaped_tasks: return "reaped_tasks";
    case lock_rank::reaper: return "reaper";
    case lock_rank::worker_pool: return "worker_pool";
    case lock_rank::thread_group: return "thread_group";
    case lock_rank::engine_thread: return "engine_thread";
    case lock_rank::postponed_waits: return "postponed_waits";
    case lock_rank::timer_loop: return "timer_loop";
    case lock_rank::rare_events: return "rare_events";
    case lock_rank::event_loop_probe: return "event_loop_probe";
    case lock_rank::event_loop: return "event_loop";
    case lock_rank::wait_registry: return "wait_registry";
    case lock_rank::pause_watch: return "pause_watch";
    case lock_rank::block_pool: return "block_pool";
    }
    return "?";
}

} // namespace

void check_lock_order(lock_rank wanted) noexcept
{
    if (held_locks < bit_of(wanted)) return;
    std::fprintf(stderr, "vmtask: the lock %s is taken under %s\n", name_of(wanted), name_of(last_held()));
    std::abort();
}

void note_locked(lock_rank locked) noexcept
{
    held_locks |= bit_of(locked);
}

void note_unlocked(lock_rank unlocked) noexcept
{
    held_locks &= ~bit_of(unlocked);
}

void check_lock_held(lock_rank needed) noexcept
{
    if (held_locks & bit_of(needed)) return;
    std::fprintf(stderr, "vmtask: the lock %s is needed and not held\n", name_of(needed));
    std::abort();
}

void assert_no_lock_held(const char* here) noexcept
{
    if (held_locks == 0) return;
    std::fprintf(stderr, "vmtask: %s under the lock %s\n", here, name_of(last_held()));
    std::abort();
}

} // namespace vmtask::detail

#endif
