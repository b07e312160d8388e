// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/ranked_mutex.hpp"
#include "base/small_mutex.hpp"

#include <vmtask/detail/deadline.hpp>

#include <cstdint>

namespace vmtask::detail {

class blocked_wait;
class engine_core;
class task_record;

enum class thread_kind : std::uint8_t { worker, event_loop, timer_loop, reaper };

/// What a thread of an engine knows about itself, so that a blocking wait made
/// on it can tell whether it starves or deadlocks somebody.
struct engine_thread {
    engine_thread(engine_core& owner, thread_kind what) noexcept : core(&owner), kind(what) {}

    engine_core* core;
    thread_kind kind;
    /// The task whose body the worker runs; null between two.
    task_record* current = nullptr;
    /// When the worker ran out of tasks; deadline_never while it has some.
    steady_time idle_since = deadline_never;
    /// The reaper's thread runs its jobs, and has not handed that on.
    bool has_turn = false;
    /// Tasks that are gone and that the core has not been told of.
    std::int64_t forgotten = 0;

    /// The waits in which it has blocked, and bodies that it runs one inside the
    /// other: each but the last waits for the next.
    std::uint64_t waits = 0;
    int nested = 0;

    ranked_mutex<lock_rank::engine_thread, small_mutex> wait_mutex;
    /// The wait in which it blocks.
    const blocked_wait* blocked_in VMTASK_GUARDED_BY(wait_mutex) = nullptr;
};

/// The engine thread that calls; null on any other thread.
[[nodiscard]] engine_thread*& this_engine_thread() noexcept;

} // namespace vmtask::detail
