// SPDX-License-Identifier: BSL-1.0
//
// Contexts go at the very moment at which the waits in them come to their end.
#include "wait/wait_registry.hpp"

#include <vmtask/engine.hpp>
#include <vmtask/task_source.hpp>
#include <vmtask/when_all.hpp>
#include <vmtask/when_any.hpp>

#include "support/catch.hpp"
#include "support/owned_coroutine.hpp"
#include "support/patience.hpp"
#include "support/sanitized.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <latch>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;

namespace {

/// Counts the handlers that are there, and their calls.
class census {
public:
    auto handler()
    {
        return [held = resident(), this](auto&&...) { ++calls; };
    }
    std::shared_ptr<void> resident()
    {
        ++alive;
        return std::shared_ptr<void>(nullptr, [this](void*) { --alive; });
    }

    std::atomic<int> alive{0};
    std::atomic<int> calls{0};
};

asio::awaitable<void> await_result(task<> awaited, std::shared_ptr<void> held, census& counted)
{
    co_await awaited.async_wait(asio::use_awaitable);
    if (held) ++counted.calls;
}

template <class Executor>
test::owned_coroutine resume_there(task<> awaited, Executor executor, census& counted)
{
    co_await awaited.resume_on(std::move(executor));
    ++counted.calls;
}

/// Waits of all kinds for a few tasks, in one context.
template <class Context>
class crowd {
public:
    crowd(engine& engine, census& counted) : counted_(counted)
    {
        for (int i = 0; i < 8; ++i) sources_.emplace_back(engine);
        for (auto& source : sources_) begin_waits(source.handle());
        begin_joint_waits();
        subscription_.emplace(engine.subscribe());
        subscription_->deliver_to(context_->get_executor(), counted.handler());
    }

    void end_tasks()
    {
        for (auto& source : sources_) source.set_value();
    }
    void give_up()
    {
        for (auto& each : signals_) each.emit(asio::cancellation_type::total);
    }
    void lose_context() { context_.reset(); }

private:
    void begin_waits(const task<>& task)
    {
        const asio::any_io_executor any = context_->get_executor();
        task.async_wait(asio::bind_executor(*context_, counted_.handler()));
        task.async_wait_for(1ms, asio::bind_executor(any, counted_.handler()));
        task.async_result(asio::bind_executor(asio::make_strand(*context_), counted_.handler()));
        task.async_wait(asio::bind_cancellation_slot(signals_.emplace_back().slot(),
                                                     asio::bind_executor(*context_, counted_.handler())));
        asio::co_spawn(*context_, await_result(task, counted_.resident(), counted_), asio::detached);
        suspended_.push_back(resume_there(task, context_->get_executor(), counted_));
    }

    void begin_joint_waits()
    {
        std::vector<task<>> tasks;
        for (auto& source : sources_) tasks.push_back(source.handle());
        when_all(tasks).async_wait(asio::bind_executor(*context_, counted_.handler()));
        when_any(tasks).async_wait(asio::bind_executor(asio::make_strand(*context_), counted_.handler()));
        when_all(tasks).async_wait_for(1ms, asio::bind_executor(*context_, counted_.handler()));
        when_any(tasks).async_wait(asio::bind_cancellation_slot(signals_.emplace_back().slot(),
                                                                asio::bind_executor(*context_, counted_.handler())));
    }

    census& counted_;
    std::vector<task_source<>> sources_;
    std::deque<asio::cancellation_signal> signals_;
    std::vector<test::owned_coroutine> suspended_;
    std::optional<event_subscription> subscription_;
    std::optional<Context> context_{std::in_place};
};

/// Ends the tasks, gives waits up and takes the context away, all at once.
template <class Context>
void race()
{
    census counted;
    engine engine({.workers = 1, .events = {.kept = 64}});
    const int rounds = test::is_sanitized ? 60 : 300;
    for (int round = 0; round < rounds; ++round) {
        crowd<Context> crowd(engine, counted);
        std::latch start(3);
        std::thread giving_up([&] {
            start.arrive_and_wait();
            crowd.give_up();
        });
        const auto ending = engine.post([&](task_context&) {
            start.arrive_and_wait();
            crowd.end_tasks();
        });
        start.arrive_and_wait();
        crowd.lose_context();
        CHECK(counted.alive == 0);
        giving_up.join();
        REQUIRE(ending.wait_for_completion(patience) == wait_status::completed);
    }
    CHECK(engine.post([](task_context&) {}).wait_for_completion(patience) == wait_status::completed);
    CHECK(counted.alive == 0);
}

} // namespace

TEST_CASE("no handler is left in a context that goes while the tasks end", "[context][race]")
{
    race<asio::io_context>();
}

TEST_CASE("no handler is left in a thread pool that goes while the tasks end", "[context][race]")
{
    race<asio::thread_pool>();
}
