// SPDX-License-Identifier: BSL-1.0
//
// The caller's execution context goes before the engine, with waits pending in it.
#include "wait/wait_registry.hpp"

#include <vmtask/engine.hpp>
#include <vmtask/task_source.hpp>
#include <vmtask/when_all.hpp>
#include <vmtask/when_any.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"
#include "support/owned_coroutine.hpp"
#include "support/patience.hpp"

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
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;

namespace {

/// What became of the handlers that were given out.
class witness {
public:
    /// Takes whatever a handler is told, and knows when it is destroyed.
    auto handler()
    {
        return [held = held_object(), this](auto&&...) { ++calls_; };
    }
    std::shared_ptr<void> held_object()
    {
        auto held = std::make_shared<int>(0);
        held_.emplace_back(held);
        return held;
    }
    void note_call() noexcept { ++calls_; }

    [[nodiscard]] int calls() const noexcept { return calls_; }
    [[nodiscard]] std::size_t alive() const
    {
        std::size_t count = 0;
        for (const auto& each : held_)
            if (!each.expired()) ++count;
        return count;
    }

private:
    std::vector<std::weak_ptr<void>> held_;
    std::atomic<int> calls_{0};
};

/// An engine that outlives the context of those who wait for its tasks.
struct longer_lived_engine {
    engine where{{.workers = 1, .events = {.kept = 16}}};
    task_source<int> one{where};
    task_source<int> other{where};

    void check_that_it_goes_on()
    {
        CHECK(one.set_value(1));
        CHECK(other.set_value(2));
        CHECK(where.post([](task_context&) {}).wait_for_completion(patience) == wait_status::completed);
        REQUIRE(test::settle_event_loop(where));
    }
};

/// Has `begin(engine, context, witness)` begin waits in a context of that kind,
/// and lets the context go.
template <class Context, class Begin>
void check_that_waits_go_with(Begin begin)
{
    witness seen;
    longer_lived_engine engine;
    {
        Context context;
        begin(engine, context, seen);
        CHECK(seen.alive() > 0);
    }
    CHECK(seen.alive() == 0);
    engine.check_that_it_goes_on();
    CHECK(seen.calls() == 0);
}

template <class Begin>
void check_that_waits_go(Begin begin)
{
    check_that_waits_go_with<asio::io_context>(begin);
}

asio::awaitable<void> await_result(task<int> awaited, std::shared_ptr<void> held, witness& seen)
{
    co_await awaited.async_result(asio::use_awaitable);
    if (held) seen.note_call();
}

asio::awaitable<void> await_any(any_task awaited, std::shared_ptr<void> held, witness& seen)
{
    co_await awaited.async_wait(asio::use_awaitable);
    if (held) seen.note_call();
}

template <class Executor>
test::owned_coroutine resume_there(task<int> awaited, Executor executor, std::shared_ptr<void> held, witness& seen)
{
    co_await awaited.resume_on(std::move(executor));
    if (held) seen.note_call();
}

} // namespace

TEST_CASE("a context that goes takes along the handlers that wait in it", "[context]")
{
    check_that_waits_go([](longer_lived_engine& engine, asio::io_context& context, witness& seen) {
        const auto task = engine.one.handle();
        task.async_wait(asio::bind_executor(context, seen.handler()));
        task.async_result(asio::bind_executor(context, seen.handler()));
        task.async_wait_for(1h, asio::bind_executor(context, seen.handler()));
    });
}

TEST_CASE("a wait whose context is gone does not time out any more", "[context][timed]")
{
    witness seen;
    longer_lived_engine engine;
    std::optional<asio::io_context> context(std::in_place);
    engine.one.handle().async_wait_for(20ms, asio::bind_executor(*context, seen.handler()));
    when_all(engine.one.handle(), engine.other.handle())
        .async_wait_for(20ms, asio::bind_executor(*context, seen.handler()));
    context.reset();
    CHECK(seen.alive() == 0);
    CHECK(engine.one.handle().wait_for_completion(60ms) == wait_status::timed_out);
    engine.check_that_it_goes_on();
    CHECK(seen.calls() == 0);
}

TEST_CASE("a context that goes destroys the coroutines that wait in it", "[context][coroutine]")
{
    check_that_waits_go([](longer_lived_engine& engine, asio::io_context& context, witness& seen) {
        asio::co_spawn(context, await_result(engine.one.handle(), seen.held_object(), seen), asio::detached);
        asio::co_spawn(asio::make_strand(context), await_result(engine.one.handle(), seen.held_object(), seen),
                       asio::detached);
        const any_task any = when_any(engine.one.handle(), engine.other.handle());
        asio::co_spawn(context, await_any(any, seen.held_object(), seen), asio::detached);
        context.poll();
    });
}

TEST_CASE("a context that goes takes along the joint waits in it", "[context][when_any]")
{
    check_that_waits_go([](longer_lived_engine& engine, asio::io_context& context, witness& seen) {
        const std::vector tasks{engine.one.handle(), engine.other.handle()};
        when_all(tasks).async_wait(asio::bind_executor(context, seen.handler()));
        when_any(tasks).async_wait(asio::bind_executor(context, seen.handler()));
        when_any(tasks).async_wait_for(1h, asio::bind_executor(context, seen.handler()));
    });
}

TEST_CASE("a context that goes ends a joint wait of which one task has ended already", "[context][when_all]")
{
    check_that_waits_go([](longer_lived_engine& engine, asio::io_context& context, witness& seen) {
        const auto ended = engine.where.post([](task_context&) {});
        when_all(ended, engine.one.handle()).async_wait(asio::bind_executor(context, seen.handler()));
        REQUIRE(ended.wait_for_completion(patience) == wait_status::completed);
    });
}

TEST_CASE("a context that goes takes along the reads of events in it, and the subscription can be read elsewhere",
          "[context][event]")
{
    witness seen;
    longer_lived_engine engine;
    event_subscription read = engine.where.subscribe();
    event_subscription delivered = engine.where.subscribe();
    std::optional<asio::io_context> context(std::in_place);
    const auto read_first = [&](asio::io_context& where) {
        read.async_next(asio::bind_executor(where, [&](auto&&...) {})); // the snapshot
        where.poll();
    };
    read_first(*context);
    read.async_next(asio::bind_executor(*context, seen.handler()));
    int batches = 0;
    delivered.deliver_to(context->get_executor(), [&, held = seen.held_object()](auto&&...) { ++batches; });
    context->restart();
    context->poll();
    context.reset();
    CHECK(seen.alive() == 0);
    CHECK(batches == 1);

    engine.check_that_it_goes_on();
    CHECK(seen.calls() == 0);
    CHECK(batches == 1);
    asio::io_context later;
    std::size_t events = 0;
    read.async_next(
        asio::bind_executor(later, [&](std::error_code, const event_batch& batch) { events = batch.events.size(); }));
    later.run_for(patience);
    CHECK(events > 0);
}

TEST_CASE("waits on strands, in any_io_executor and on thread pools go with the context behind", "[context]")
{
    check_that_waits_go([](longer_lived_engine& engine, asio::io_context& context, witness& seen) {
        const auto task = engine.one.handle();
        const asio::any_io_executor any = context.get_executor();
        task.async_wait(asio::bind_executor(asio::make_strand(context), seen.handler()));
        task.async_wait(asio::bind_executor(any, seen.handler()));
        const asio::any_io_executor strand = asio::make_strand(context);
        task.async_wait(asio::bind_executor(strand, seen.handler()));
        when_any(task, engine.other.handle()).async_wait(asio::bind_executor(strand, seen.handler()));
    });
    check_that_waits_go_with<asio::thread_pool>(
        [](longer_lived_engine& engine, asio::thread_pool& context, witness& seen) {
            const auto task = engine.one.handle();
            task.async_wait(asio::bind_executor(context, seen.handler()));
            task.async_wait(asio::bind_executor(asio::make_strand(context), seen.handler()));
            task.async_wait_for(1h, asio::bind_executor(asio::any_io_executor(context.get_executor()), seen.handler()));
            context.stop();
        });
}

TEST_CASE("a strand made after a wait began may go before the wait", "[context]")
{
    check_that_waits_go([](longer_lived_engine& engine, asio::io_context& context, witness& seen) {
        engine.one.handle().async_wait(asio::bind_executor(context, seen.handler()));
        engine.one.handle().async_wait(asio::bind_executor(asio::make_strand(context), seen.handler()));
    });
}

TEST_CASE("a coroutine that was to be resumed in a context that is gone stays suspended, its owner's to destroy",
          "[context][foreign]")
{
    witness seen;
    longer_lived_engine engine;
    std::optional<asio::io_context> context(std::in_place);
    std::vector<test::owned_coroutine> suspended;
    suspended.push_back(resume_there(engine.one.handle(), context->get_executor(), seen.held_object(), seen));
    suspended.push_back(resume_there(engine.one.handle(), asio::make_strand(*context), seen.held_object(), seen));
    context.reset();
    CHECK(seen.alive() == 2);
    engine.check_that_it_goes_on();
    CHECK(seen.alive() == 2);
    suspended.clear();
    CHECK(seen.alive() == 0);
    CHECK(seen.calls() == 0);
}

TEST_CASE("a wait that was given up or has ended is nothing that its context has to end", "[context][give_up]")
{
    witness seen;
    longer_lived_engine engine;
    asio::cancellation_signal give_up;
    std::optional<asio::io_context> context(std::in_place);
    engine.one.handle().async_wait(
        asio::bind_cancellation_slot(give_up.slot(), asio::bind_executor(*context, seen.handler())));
    engine.other.handle().async_wait(asio::bind_executor(*context, seen.handler()));
    {
        const auto gone = resume_there(engine.one.handle(), context->get_executor(), seen.held_object(), seen);
    }
    give_up.emit(asio::cancellation_type::total);
    CHECK(engine.other.set_value(2));
    context->run_for(patience);
    CHECK(seen.calls() == 2);
    CHECK(seen.alive() == 0);

    engine.one.handle().async_wait(
        asio::bind_cancellation_slot(give_up.slot(), asio::bind_executor(*context, seen.handler())));
    context.reset();
    give_up.emit(asio::cancellation_type::total); // finds nothing
    CHECK(seen.calls() == 2);
    CHECK(seen.alive() == 0);
}

TEST_CASE("an engine that goes takes along the waits of others in its event loop", "[context][gone]")
{
    witness seen;
    longer_lived_engine engine;
    {
        vmtask::engine host({.workers = 1});
        const asio::any_io_executor any = host.get_executor();
        engine.one.handle().async_wait(asio::bind_executor(host.get_executor(), seen.handler()));
        engine.one.handle().async_wait(asio::bind_executor(any, seen.handler()));
        const auto own = host.post([](task_context&) {});
        when_all(own, engine.one.handle()).async_wait(asio::bind_executor(any, seen.handler()));
        REQUIRE(own.wait_for_completion(patience) == wait_status::completed);
    }
    CHECK(seen.alive() == 0);
    engine.check_that_it_goes_on();
    CHECK(seen.calls() == 0);
}

TEST_CASE("what a dropped handler does when it is destroyed may be more waits", "[context]")
{
    /// Begins another wait in the same context when it goes.
    class begins_another {
    public:
        begins_another(asio::io_context& context, task<int> task, witness& seen)
            : context_(&context), task_(std::move(task)), seen_(&seen)
        {
        }
        begins_another(begins_another&& other) noexcept
            : context_(std::exchange(other.context_, nullptr)), task_(other.task_), seen_(other.seen_)
        {
        }
        begins_another& operator=(begins_another&&) = delete;
        ~begins_another()
        {
            if (context_) task_.async_wait(asio::bind_executor(*context_, seen_->handler()));
        }
        void operator()(std::error_code) const { seen_->note_call(); }

    private:
        asio::io_context* context_;
        task<int> task_;
        witness* seen_;
    };
    check_that_waits_go([](longer_lived_engine& engine, asio::io_context& context, witness& seen) {
        engine.one.handle().async_wait(asio::bind_executor(context, seen.handler()));
        engine.one.handle().async_wait(
            asio::bind_executor(context, begins_another(context, engine.one.handle(), seen)));
    });
}
