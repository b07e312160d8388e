// SPDX-License-Identifier: BSL-1.0
#include "engine_owner.hpp"

#include "base/signal_shield.hpp"
#include "task/journal_requests.hpp"
#include "task/posting.hpp"
#include "task/valid_options.hpp"
#include "tell/event_reader.hpp"

#include <vmtask/detail/block_memory.hpp>
#include <vmtask/detail/engine_access.hpp>
#include <vmtask/error.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <thread>
#include <utility>

namespace vmtask::detail {
namespace {

std::size_t worker_count_of(const engine_options& options) noexcept
{
    return options.workers > 0 ? options.workers : std::max(1U, std::thread::hardware_concurrency());
}

} // namespace

engine_owner::engine_owner(engine_options&& options)
    : engine_core({.scheduler = scheduler_,
                   .room = room_,
                   .workers = workers_,
                   .loop = loop_,
                   .timers = timers_,
                   .reaper = reaper_,
                   .reaped = reaped_,
                   .postponed = postponed_,
                   .events = events_,
                   .observers = observers_,
                   .journal = journal_,
                   .rare = rare_,
                   .clock = clock_,
                   .waiting_spin = waiting_spin_,
                   .process = process_,
                   .threads = threads_}),
      threads_(require_valid(std::move(options.threads))),
      observers_(require_valid(std::move(options.observers))),
      journal_(std::move(options.journal)),
      timers_(*this),
      loop_(*this, options.event_loop_threads, options.on_handler_exception, options.event_loop),
      loop_probe_(*this, loop_.executor()),
      reaper_(*this, options.spare_workers, options.on_handler_exception),
      reaped_(reaper_),
      postponed_(*this, timers_, reaper_),
      events_(options.events, *this, timers_, loop_.executor()),
      scheduler_(options, timers_, reaper_, reaped_, events_),
      room_(*this, scheduler_, workers_, timers_, options),
      workers_(*this, scheduler_, timers_, {worker_count_of(options), options.spare_workers, options.spare_idle},
               options.on_handler_exception)
{
    timers_.start();
    loop_.start();
    reaper_.start();
    workers_.start();
}

void engine_owner::submit(task_record& posted) noexcept
{
    scheduler_.submit(posted);
    workers_.notify();
}

std::uint64_t engine_owner::admit(const task_record* whole)
{
    if (is_left_behind()) throw std::system_error(errc::shutting_down);
    try {
        return scheduler_.admit(whole && &whole->core() == this ? whole : nullptr);
    } catch (...) {
        forget_task();
        throw;
    }
}

void engine_owner::withdraw() noexcept
{
    scheduler_.withdraw();
    forget_task();
}

shutdown_report engine_owner::shutdown(shutdown_mode mode, steady_time deadline)
{
    if (is_own_thread() || is_left_behind()) throw std::system_error(errc::would_deadlock);
    if (!is_valid(mode)) throw std::system_error(errc::bad_options, "shutdown_mode");

    begin_shutdown(mode);
    shutdown_report report;
    if (scheduler_.wait_until_all_ended(deadline)) return report;
    for (task_handle& known : scheduler_.tasks()) {
        if (!known.is_complete()) report.unfinished.push_back(std::move(known));
    }
    return report;
}

bool engine_owner::is_own_thread() noexcept
{
    const engine_thread* const here = this_engine_thread();
    return (here && here->core == this) || loop_.runs_callers_thread();
}

void engine_owner::begin_shutdown(shutdown_mode mode)
{
    scheduler_.close(mode);
    if (mode != shutdown_mode::cancel) return;
    // One that cannot be cancelled is waited for.
    for (const task_handle& known : scheduler_.tasks()) record_of(known)->request_cancel({}, cancel_origin::shutdown);
}

void engine_owner::finish()
{
    if (is_own_thread()) return finish_elsewhere();
    const bool is_loop_left = loop_.foreign() && loop_.foreign()->has_stopped();
    if (is_loop_left && !end_without_loop()) return finish_elsewhere();
    finish_here();
}

void engine_owner::finish_here()
{
    shutdown_for_good();
    end_parts();
}

void engine_owner::finish_elsewhere()
{
    begin_shutdown(shutdown_mode::cancel);
    try {
        const signal_shield shield;
        std::thread([this] { finish_here(); }).detach();
    } catch (const std::system_error&) {
        std::fputs(
            "vmtask: the last reference to an engine was dropped on one of its own threads, and there is no other "
            "thread to end it; drop it outside of the engine's tasks and handlers\n",
            stderr);
        std::abort();
    }
}

void engine_owner::shutdown_for_good()
{
    cancel_for_good();
    (void)scheduler_.wait_until_all_ended(deadline_never);
}

/// Nobody else is left who could resume a task or end one without a body.
void engine_owner::cancel_for_good()
{
    begin_shutdown(shutdown_mode::cancel);
    for (const task_handle& known : scheduler_.tasks()) {
        while (!known.resume()) {
        }
        record_of(known)->end_with_engine();
    }
    begin_shutdown(shutdown_mode::cancel);
}

/// Waits for those tasks that can end while the caller's event loop stands still.
/// True when they are all. What keeps this thread is what keeps the loop's: the
/// search for waits that cannot end tells the others.
bool engine_owner::end_without_loop()
{
    loop_.give_up(); // first: whoever is cancelled may come to wait for the loop
    cancel_for_good();
    engine_thread waiting(*this, thread_kind::event_loop);
    engine_thread* const before = std::exchange(this_engine_thread(), &waiting);
    bool have_ended = true;
    for (const task_handle& known : scheduler_.tasks())
        have_ended = known.wait_for_completion() == wait_status::completed && have_ended;
    this_engine_thread() = before;
    forget_tasks(waiting.forgotten);
    return have_ended;
}

metrics_snapshot engine_owner::metrics()
{
    metrics_snapshot snapshot;
    loop_probe_.read(snapshot);
    loop_probe_.send();
    scheduler_.read_counters(snapshot);
    workers_.read_counters(snapshot);
    rare_.read(snapshot);
    return snapshot;
}

std::shared_ptr<event_reader> engine_owner::read_events(std::optional<std::uint64_t> after, const task_filter* filter)
{
    if (!events_.is_on()) throw std::system_error(errc::no_events);
    return std::make_shared<event_reader>(*this, after,
                                          filter ? std::make_shared<const event_filter>(*filter) : nullptr);
}

void engine_owner::stop_threads() noexcept
{
    postponed_.close();
    // Nobody has a deadline any more; the workers may still hand handlers to
    // the event loop.
    timers_.join();
    workers_.threads().join();
    reaper_.join();
    loop_.join();
    drop_handlers();
}

/// Handlers that are destroyed with one io_context may post to another, which
/// therefore stays until all are empty; but not for ever.
void engine_owner::drop_handlers() noexcept
{
    const std::array groups{&timers_.threads(), &workers_.threads(), &reaper_.threads(), loop_.threads()};
    constexpr int generations = 8;
    for (int generation = 0; generation < generations; ++generation)
        for (thread_group* const each : groups)
            if (each) each->drop();
    for (thread_group* const each : groups)
        if (each) each->stop();
}

/// Ends the threads, once all tasks have ended, and the core itself as soon as
/// no task is left.
void engine_owner::end_parts() noexcept
{
    journal_.close(); // cancels may be with it yet, which the reaper carries out
    events_.close();
    stop_threads();
    observers_.close();
    while (give_blocks_back()) {
    }
    end(scheduler_.clear());
}

bool is_left_behind(const engine_core& core) noexcept
{
    return core.process.is_left_behind();
}

bool has_journal(const engine_core& core) noexcept
{
    return core.journal.is_taken();
}

loop_executor event_loop_executor(engine_core& core) noexcept
{
    return core.loop.executor();
}

bool has_own_event_loop(const engine_core& core) noexcept
{
    return core.loop.foreign() == nullptr;
}

asio::any_io_executor coroutine_executor(engine_core& core)
{
    return core.loop.coroutine_executor();
}

loop_pin::loop_pin(engine_core& core) noexcept : core_(core.loop.pin() ? &core : nullptr) {}

loop_pin::~loop_pin()
{
    if (core_) core_->loop.unpin();
}

loop_work::loop_work(engine_core& core) noexcept : core_(has_own_event_loop(core) ? nullptr : &core)
{
    if (core_) core_->loop.foreign()->add_work();
}

void loop_work::reset() noexcept
{
    if (engine_core* const core = std::exchange(core_, nullptr)) core->loop.foreign()->remove_work();
}

admission::admission(engine_core& core, const task_options* options)
    : core_(core), id_(owner_of(core).admit(options ? record_of(options->parent).get() : nullptr))
{
}

admission::~admission()
{
    if (!used_) owner_of(core_).withdraw();
}

intrusive_ptr<task_record> admission::post(intrusive_ptr<task_record> made)
{
    used_ = true;
    if (made->terms()) {
        if (made->is_journalled()) post_durably(*made);
        if (auto joined = let_in(*made)) return joined;
        return made;
    }
    announce_post(*made);
    if (made->kind() == body_kind::blocking) {
        owner_of(core_).submit(*made);
    } else {
        core_.scheduler.enlist(*made);
        made->launch();
    }
    return made;
}

std::shared_ptr<journal_request> admission::post_later(const intrusive_ptr<task_record>& made)
{
    used_ = true;
    return begin_post(*made);
}

} // namespace vmtask::detail
