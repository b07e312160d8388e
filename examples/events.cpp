// SPDX-License-Identifier: BSL-1.0
//
// Shows what happens to the tasks of an engine as it happens, as a screen or a
// log would; and a second reader, who was away, catches up.
//
//     events

#include <vmtask/engine.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

using namespace std::chrono_literals;

namespace {

void compact(vmtask::task_context& self)
{
    for (int i = 1; i <= 60; ++i) {
        self.checkpoint();
        std::this_thread::sleep_for(5ms);
        self.report_progress(i / 60.0);
    }
}

void show(const vmtask::task_event& event)
{
    std::cout << event.task.description << ' ' << to_string(event.kind);
    if (event.kind == vmtask::task_event_kind::progressed)
        std::cout << " to " << static_cast<int>(event.task.progress.fraction * 100) << " %";
    if (event.outcome) std::cout << ": " << to_string(event.outcome->state);
    if (event.outcome && !event.outcome->message.empty()) std::cout << ", " << event.outcome->message;
    std::cout << '\n';
}

/// Knows every task and its state at any time, without ever asking for one.
class screen {
public:
    void apply(const vmtask::event_batch& batch)
    {
        if (batch.snapshot) { // at the beginning, and after a loss
            states_.clear();
            for (const vmtask::task_summary& task : *batch.snapshot) states_[task.id] = task.state;
        }
        for (const vmtask::task_event& event : batch.events) {
            show(event);
            if (event.kind == vmtask::task_event_kind::removed) states_.erase(event.task.id);
            else states_[event.task.id] = event.task.state;
        }
        version_ = batch.version;
    }

    [[nodiscard]] bool shows_only_ended(std::size_t tasks) const
    {
        if (states_.size() < tasks) return false;
        for (const auto& [id, state] : states_)
            if (!is_terminal(state)) return false;
        return true;
    }
    [[nodiscard]] std::uint64_t version() const { return version_; }

private:
    std::map<std::uint64_t, vmtask::task_state> states_;
    std::uint64_t version_ = 0;
};

asio::awaitable<void> watch(vmtask::event_subscription events, screen& screen)
{
    while (!screen.shows_only_ended(2)) screen.apply(co_await events.async_next(asio::use_awaitable));
}

} // namespace

int main()
{
    vmtask::engine engine({.workers = 1, .events = {.kept = 1000, .progress_interval = 100ms}});
    vmtask::event_subscription events = engine.subscribe();
    engine.post(compact, {.description = "compact a.vhd"});
    engine.post(compact, {.description = "compact b.vhd"}).request_cancel();

    asio::io_context here;
    screen first;
    std::exception_ptr failure;
    asio::co_spawn(here, watch(std::move(events), first), [&](std::exception_ptr thrown) { failure = thrown; });
    here.run();
    if (failure) std::rethrow_exception(failure);

    std::cout << "-- while nobody reads --\n";
    engine.post([](vmtask::task_context&) { throw std::runtime_error("c.vhd: it is torn"); },
                {.description = "check c.vhd"});
    engine.shutdown(vmtask::shutdown_mode::drain);

    // As a callback, on an executor; from where the first reader stopped.
    asio::io_context later;
    vmtask::event_subscription missed = engine.subscribe(first.version());
    missed.deliver_to(later.get_executor(), [&](std::error_code error, const vmtask::event_batch& batch) {
        if (error) return;
        first.apply(batch);
        if (first.shows_only_ended(3)) later.stop();
    });
    later.run();
}
