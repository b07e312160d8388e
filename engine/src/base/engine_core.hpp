// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace vmtask {
struct thread_options;
}

namespace vmtask::detail {

class adaptive_spin;
class event_log;
class event_loop;
class journal_seat;
class observer_seat;
class postponed_waits;
class process_mark;
class rare_events;
class reaped_tasks;
class reaper;
class scheduler;
class timer_loop;
class waiting_room;
class wall_clock;
class worker_pool;

/// Where the parts of an engine are, for its tasks: whoever uses one includes that
/// one's header. The parts themselves get those they need by their constructors.
struct engine_parts {
    detail::scheduler& scheduler;
    waiting_room& room;
    worker_pool& workers;
    event_loop& loop;
    timer_loop& timers;
    detail::reaper& reaper;
    reaped_tasks& reaped;
    postponed_waits& postponed;
    event_log& events;
    observer_seat& observers;
    journal_seat& journal;
    rare_events& rare;
    wall_clock& clock;
    adaptive_spin& waiting_spin; // for threads that block in a wait for one of the tasks
    const process_mark& process;
    const thread_options& threads;
};

/// What the tasks and the threads of an engine know of it. Who owns the parts is
/// known to none of them. The parts end with the engine; the core stays as long as
/// there is a handle, to say that they are gone.
class engine_core : public engine_parts {
public:
    engine_core(const engine_core&) = delete;
    engine_core& operator=(const engine_core&) = delete;

    /// Somebody who is no task keeps the core as well, until forget_task().
    void remember() noexcept { balance_.fetch_add(1, std::memory_order_relaxed); }
    /// One task is gone for good. A thread of the engine tells of all of its
    /// own at once, when it ends: nobody wants to know before.
    void forget_task() noexcept;
    void forget_tasks(std::int64_t count) noexcept;

protected:
    explicit engine_core(const engine_parts& parts) noexcept : engine_parts(parts) {}
    virtual ~engine_core() = default;
    /// The engine has ended, and so many tasks were made in all. The core may be gone
    /// when this returns.
    void end(std::uint64_t tasks_made) noexcept;

private:
    // Tasks that are gone, subtracted from a number that they can never reach;
    // end() adds those that were made, and whoever makes it zero deletes. So a
    // task costs one addition when it goes and none when it comes.
    static constexpr std::int64_t unended = std::int64_t{1} << 62;
    alignas(64) std::atomic<std::int64_t> balance_{unended};
};

/// Keeps the core for a handler on an event loop of the caller's, which may be
/// called, or destroyed, after the engine's end.
class kept_core {
public:
    explicit kept_core(engine_core& core) noexcept : core_(&core) { core.remember(); }
    kept_core(kept_core&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
    kept_core& operator=(kept_core&&) = delete;
    ~kept_core()
    {
        if (core_) core_->forget_task();
    }

private:
    engine_core* core_;
};

} // namespace vmtask::detail
