// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/adaptive_spin.hpp"
#include "base/engine_core.hpp"
#include "base/process_mark.hpp"
#include "gate/waiting_room.hpp"
#include "run/event_loop.hpp"
#include "run/event_loop_probe.hpp"
#include "run/reaped_tasks.hpp"
#include "run/reaper.hpp"
#include "run/scheduler.hpp"
#include "run/worker_pool.hpp"
#include "tell/counters.hpp"
#include "tell/event_log.hpp"
#include "tell/journal_seat.hpp"
#include "tell/observer_seat.hpp"
#include "time/timer_loop.hpp"
#include "time/wall_clock.hpp"
#include "wait/postponed_waits.hpp"

#include <vmtask/engine_options.hpp>
#include <vmtask/shutdown.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace vmtask::detail {

class event_reader;

/// What an engine consists of, from its begin to its end. Everything else knows
/// only the engine_core that it is as well.
class engine_owner final : public engine_core {
public:
    /// Starts the threads. Throws std::system_error when that fails.
    explicit engine_owner(engine_options&& options);

    /// True in a child that was forked since: the engine's threads are not there,
    /// and what they have locked stays so.
    [[nodiscard]] bool is_left_behind() const noexcept { return process_.is_left_behind(); }

    /// See scheduler; a task that is not made is forgotten at once.
    [[nodiscard]] std::uint64_t admit(const task_record* whole);
    void withdraw() noexcept;
    void submit(task_record& posted) noexcept;

    [[nodiscard]] metrics_snapshot metrics();
    /// A reader of the events; see engine::subscribe.
    [[nodiscard]] std::shared_ptr<event_reader> read_events(std::optional<std::uint64_t> after,
                                                            const task_filter* filter = nullptr);

    shutdown_report shutdown(shutdown_mode mode, steady_time deadline);
    /// The engine's destructor: cancels and ends everything. On a thread of the
    /// engine, which cannot wait for itself, another thread does the rest.
    void finish();

private:
    ~engine_owner() override = default;
    /// The calling thread is the engine's, or in a handler of its event loop: the
    /// engine cannot wait here for what it does itself.
    [[nodiscard]] bool is_own_thread() noexcept;
    void begin_shutdown(shutdown_mode mode);
    void finish_here();
    void finish_elsewhere();
    void shutdown_for_good();
    void cancel_for_good();
    [[nodiscard]] bool end_without_loop();
    void end_parts() noexcept;
    void stop_threads() noexcept;
    void drop_handlers() noexcept;

    alignas(64) adaptive_spin waiting_spin_;
    wall_clock clock_;
    const process_mark process_;
    const thread_options threads_;
    observer_seat observers_;
    journal_seat journal_;
    rare_events rare_;
    timer_loop timers_;
    event_loop loop_;
    event_loop_probe loop_probe_;
    detail::reaper reaper_;
    reaped_tasks reaped_;
    postponed_waits postponed_;
    event_log events_;
    detail::scheduler scheduler_;
    waiting_room room_;
    worker_pool workers_;
};

/// Every core is part of an owner.
[[nodiscard]] inline engine_owner& owner_of(engine_core& core) noexcept
{
    return static_cast<engine_owner&>(core);
}

} // namespace vmtask::detail
