// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "adaptive_spin.hpp"
#include "event_log.hpp"
#include "event_loop.hpp"
#include "event_loop_probe.hpp"
#include "postponed_waits.hpp"
#include "process_mark.hpp"
#include "rare_events.hpp"
#include "reaped_tasks.hpp"
#include "reaper.hpp"
#include "task_board.hpp"
#include "timer_loop.hpp"
#include "turnstile.hpp"
#include "waiting_room.hpp"
#include "wall_clock.hpp"
#include "worker_pool.hpp"

#include <vmtask/engine_options.hpp>
#include <vmtask/shutdown.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

namespace vmtask::detail {

/// What an engine consists of. Its parts end with the engine; the core itself
/// stays as long as there is a handle, to say that they are gone.
class engine_core {
public:
    /// Starts the threads. Throws std::system_error when that fails.
    explicit engine_core(engine_options&& options);
    engine_core(const engine_core&) = delete;
    engine_core& operator=(const engine_core&) = delete;

    [[nodiscard]] task_board& board() noexcept { return board_; }
    [[nodiscard]] waiting_room& room() noexcept { return room_; }
    [[nodiscard]] worker_pool& workers() noexcept { return workers_; }
    [[nodiscard]] event_loop& loop() noexcept { return loop_; }
    [[nodiscard]] timer_loop& timers() noexcept { return timers_; }
    [[nodiscard]] detail::reaper& reaper() noexcept { return reaper_; }
    [[nodiscard]] reaped_tasks& reaped() noexcept { return reaped_; }
    [[nodiscard]] postponed_waits& postponed() noexcept { return postponed_; }
    [[nodiscard]] wall_clock& clock() noexcept { return clock_; }
    /// True in a child that was forked since: the engine's threads are not there,
    /// and what they have locked stays so.
    [[nodiscard]] bool is_left_behind() const noexcept { return process_.is_left_behind(); }
    /// For threads that block in a wait for one of the tasks.
    [[nodiscard]] adaptive_spin& waiting_spin() noexcept { return waiting_spin_; }

    /// See task_board; a task that is not made is forgotten at once.
    [[nodiscard]] std::uint64_t admit(const task_record* whole);
    void withdraw() noexcept;
    void submit(task_record& posted) noexcept;
    /// Queues a known task, which waits for nothing else, for a worker.
    void make_ready(task_record& known) noexcept;
    /// Takes a queued task, which somebody has claimed, out of wherever it is.
    void leave_queue(task_record& queued) noexcept;
    void set_priority(task_record& queued, task_priority priority) noexcept;
    /// The coroutine task whose body the calling event loop thread is in.
    [[nodiscard]] task_record* coroutine_on_this_thread() noexcept;

    /// Null when nobody observes. Call it inside observing() only.
    [[nodiscard]] task_observer* observer() const noexcept { return observing_; }
    /// Lets nobody in any more once the engine has let the observer go.
    [[nodiscard]] turnstile& observing() noexcept { return observers_entrance_; }
    /// Counters of the engine's parts that are not their own.
    [[nodiscard]] rare_events& rare() noexcept { return rare_; }
    [[nodiscard]] metrics_snapshot metrics();

    [[nodiscard]] event_log& events() noexcept { return events_; }
    /// A reader of the events; see engine::subscribe.
    [[nodiscard]] std::shared_ptr<event_reader> read_events(std::optional<std::uint64_t> after);

    shutdown_report shutdown(shutdown_mode mode, steady_time deadline);
    /// The engine's destructor: cancels and ends everything. On a thread of the
    /// engine, which cannot wait for itself, another thread does the rest.
    void finish();
    /// Somebody who is no task keeps the core as well, until forget_task().
    void remember() noexcept { balance_.fetch_add(1, std::memory_order_relaxed); }
    /// One task is gone for good. A thread of the engine tells of all of its
    /// own at once, when it ends: nobody wants to know before.
    void forget_task() noexcept;
    void forget_tasks(std::int64_t count) noexcept;

private:
    ~engine_core() = default;
    void begin_shutdown(shutdown_mode mode);
    void finish_here();
    void finish_elsewhere();
    void shutdown_for_good();
    void end() noexcept;
    void stop_threads() noexcept;
    void drop_handlers() noexcept;

    // Tasks that are gone, subtracted from a number that they can never reach;
    // end() adds those that were made, and whoever makes it zero deletes. So a
    // task costs one addition when it goes and none when it comes.
    static constexpr std::int64_t unended = std::int64_t{1} << 62;
    alignas(64) std::atomic<std::int64_t> balance_{unended};

    alignas(64) adaptive_spin waiting_spin_;
    wall_clock clock_;
    const process_mark process_;
    std::shared_ptr<task_observer> observer_; // until the engine ends
    task_observer* const observing_;
    turnstile observers_entrance_;
    rare_events rare_;
    timer_loop timers_;
    postponed_waits postponed_{*this};
    event_loop loop_;
    event_loop_probe loop_probe_;
    detail::reaper reaper_;
    reaped_tasks reaped_;
    event_log events_;
    task_board board_;
    waiting_room room_;
    worker_pool workers_;
};

} // namespace vmtask::detail
