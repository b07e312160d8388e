// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>
#include <vmtask/pause_subscription.hpp>
#include <vmtask/task_source.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <asio/awaitable.hpp>
#include <asio/use_awaitable.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace vmtask;
using test::patience;
using calls = std::vector<bool>;

TEST_CASE("the owner of a task that runs elsewhere learns of a pause, on the event loop", "[pause][source]")
{
    test::mailbox<bool> told;
    std::atomic<bool> is_on_loop{true};
    engine engine({.workers = 1});
    const task_source<> source(engine);
    const pause_subscription subscription = source.context().on_pause([&](bool is_paused) {
        if (!engine.get_executor().running_in_this_thread()) is_on_loop = false;
        told.put(is_paused);
    });
    CHECK_FALSE(source.context().pause_requested());
    REQUIRE_FALSE(source.handle().pause());
    CHECK(source.context().pause_requested());
    REQUIRE(told.holds(1));
    // Pauses are counted.
    REQUIRE_FALSE(source.handle().pause());
    REQUIRE_FALSE(source.handle().resume());
    CHECK(source.context().pause_requested());
    REQUIRE_FALSE(source.handle().resume());
    REQUIRE(told.holds(2));
    CHECK(told.letters() == calls{true, false});
    CHECK(is_on_loop);
    source.set_value();
}

TEST_CASE("a coroutine body learns of a pause that came before it asked", "[pause][coroutine]")
{
    test::mailbox<bool> told;
    test::gate gate;
    engine engine({.workers = 1});
    std::atomic<bool> was_requested{false};
    const auto task = engine.post([&](task_context& self) -> asio::awaitable<void> {
        gate.hold_regardless();
        was_requested = self.pause_requested();
        const pause_subscription subscription = self.on_pause([&](bool is_paused) { told.put(is_paused); });
        co_await self.async_checkpoint(asio::use_awaitable);
    });
    REQUIRE(gate.reached());
    REQUIRE_FALSE(task.pause());
    gate.open();
    REQUIRE(told.holds(1));
    REQUIRE_FALSE(task.resume());
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(was_requested);
    CHECK(told.letters().front());
}

TEST_CASE("what was taken back before its turn is not told, nor anything once the subscription is gone", "[pause]")
{
    test::mailbox<bool> told;
    test::gate loop;
    engine engine({.workers = 1});
    const task_source<> source(engine);
    std::optional<pause_subscription> subscription(
        source.context().on_pause([&](bool is_paused) { told.put(is_paused); }));
    test::occupy_event_loop(engine, loop);
    REQUIRE_FALSE(source.handle().pause());
    REQUIRE_FALSE(source.handle().resume());
    loop.open();
    REQUIRE(test::settle_event_loop(engine));
    CHECK(told.letters().empty());
    subscription.reset();
    REQUIRE_FALSE(source.handle().pause());
    REQUIRE(test::settle_event_loop(engine));
    CHECK(told.letters().empty());
}

TEST_CASE("a subscription waits for a call that is under way, and may go in one", "[pause]")
{
    test::gate calling;
    std::atomic<bool> has_returned{false};
    test::gate ready;
    engine engine({.workers = 1, .event_loop_threads = 2});
    const task_source<> source(engine);
    {
        const pause_subscription subscription = source.context().on_pause([&](bool) {
            calling.hold_regardless();
            has_returned = true;
        });
        REQUIRE_FALSE(source.handle().pause());
        REQUIRE(calling.reached());
        std::thread([&] { calling.open(); }).detach();
    }
    CHECK(has_returned);

    std::optional<pause_subscription> own;
    std::atomic<int> count{0};
    own = source.context().on_pause([&](bool) {
        ready.hold_regardless();
        own.reset();
        ++count;
    });
    ready.open();
    CHECK(test::eventually([&] { return count == 1; }));
    REQUIRE_FALSE(source.handle().resume());
    CHECK(test::settle_event_loop(engine));
    CHECK(count == 1);
}

TEST_CASE("a callback that throws is told of the next change all the same", "[pause]")
{
    test::mailbox<bool> told;
    std::atomic<int> caught{0};
    engine engine({.workers = 1, .on_handler_exception = [&](std::exception_ptr) { ++caught; }});
    const task_source<> source(engine);
    const pause_subscription subscription = source.context().on_pause([&](bool is_paused) {
        told.put(is_paused);
        throw std::runtime_error("as it may");
    });
    REQUIRE_FALSE(source.handle().pause());
    REQUIRE(told.holds(1));
    REQUIRE_FALSE(source.handle().resume());
    REQUIRE(told.holds(2));
    CHECK(test::eventually([&] { return caught == 2; }));
}

TEST_CASE("a subscription outlives its task and its engine", "[pause]")
{
    pause_subscription subscription;
    {
        engine engine({.workers = 1});
        const task_source<> source(engine);
        subscription = source.context().on_pause([](bool) {});
        REQUIRE_FALSE(source.handle().pause());
    }
    subscription = pause_subscription();
}
