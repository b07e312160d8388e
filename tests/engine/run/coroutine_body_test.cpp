// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"
#include "support/thrown.hpp"

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::code_thrown_by;
using test::patience;

namespace {

asio::awaitable<void> sleep_for(std::chrono::steady_clock::duration duration)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, duration);
    co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<std::unique_ptr<int>> make_seven(task_context&)
{
    co_await sleep_for(1ms);
    co_return std::make_unique<int>(7);
}

asio::awaitable<void> sleep_long(task_context&)
{
    co_await sleep_for(1h);
}

} // namespace

TEST_CASE("a coroutine body's value is the result of its task", "[coroutine]")
{
    vmtask::engine engine({.event_loop_threads = GENERATE(1U, 3U)});
    const auto function = engine.post(make_seven);
    const auto lambda = engine.post([text = std::string("text")](task_context&) -> asio::awaitable<std::string> {
        co_await sleep_for(1ms);
        co_return text + "!";
    });
    const std::function<asio::awaitable<std::unique_ptr<int>>(task_context&)> wrapped = make_seven;
    const auto from_std_function = engine.post(wrapped);
    const task<> nothing = engine.post([](task_context&) -> asio::awaitable<void> { co_await sleep_for(1ms); });

    REQUIRE(function.wait_for_completion(patience) == wait_status::completed);
    REQUIRE(lambda.wait_for_completion(patience) == wait_status::completed);
    REQUIRE(nothing.wait_for_completion(patience) == wait_status::completed);
    REQUIRE(from_std_function.wait_for_completion(patience) == wait_status::completed);
    CHECK(*function.take_result() == 7);
    CHECK(*from_std_function.take_result() == 7);
    CHECK(lambda.result() == "text!");
    CHECK(nothing.state() == task_state::succeeded);
}

TEST_CASE("a coroutine body's exception ends its task", "[coroutine]")
{
    vmtask::engine engine;
    const auto late = engine.post([](task_context&) -> asio::awaitable<int> {
        co_await sleep_for(1ms);
        throw std::system_error(std::make_error_code(std::errc::io_error));
    });
    const auto at_once = engine.post([](task_context&) -> asio::awaitable<void> {
        throw std::out_of_range("block 9");
        co_return;
    });
    const auto not_even_a_coroutine = engine.post([](task_context&) -> asio::awaitable<void> {
        throw std::length_error("never became one"); // NOLINT: no co_ keyword on purpose
    });

    for (const task_handle& task : {task_handle(late), task_handle(at_once), task_handle(not_even_a_coroutine)}) {
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
        CHECK(task.state() == task_state::failed);
    }
    CHECK(late.error() == std::errc::io_error);
    CHECK(at_once.error() == errc::task_failed);
    CHECK_THROWS_AS(at_once.result(), std::out_of_range);
    CHECK_THROWS_AS(not_even_a_coroutine.result(), std::length_error);
}

TEST_CASE("coroutine bodies run on the event loop, however busy the workers", "[coroutine]")
{
    test::gate gate;
    test::mailbox<std::thread::id> loop;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    asio::post(engine.get_executor(), [&] { loop.put(std::this_thread::get_id()); });
    const auto task = engine.post([&](task_context&) -> asio::awaitable<void> {
        loop.put(std::this_thread::get_id());
        co_await sleep_for(1ms);
        loop.put(std::this_thread::get_id());
    });

    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    REQUIRE(loop.holds(3));
    CHECK(gate.still_holding());
    CHECK(loop.letters() == std::vector<std::thread::id>(3, loop.letters().front()));
    gate.open();
}

TEST_CASE("a coroutine task is queued until the event loop takes it", "[coroutine]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    test::occupy_event_loop(engine, gate);
    const task<> task = engine.post([](task_context&) -> asio::awaitable<void> { co_return; });

    CHECK(task.state() == task_state::queued);
    gate.open();
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::succeeded);
}

TEST_CASE("a thousand coroutine bodies wait at once on one thread", "[coroutine]")
{
    test::gate gate;
    std::atomic<int> inside{0};
    vmtask::engine engine({.workers = 1, .event_loop_threads = GENERATE(1U, 3U)});
    const auto held = test::occupy_workers(engine, gate, 1);
    const task_handle awaited = held.front();
    std::vector<task<bool>> tasks;
    for (int i = 0; i < 1000; ++i) {
        tasks.push_back(engine.post([&inside, awaited](task_context&) -> asio::awaitable<bool> {
            ++inside;
            co_await awaited.async_wait(asio::use_awaitable);
            co_return awaited.is_complete();
        }));
    }
    REQUIRE(test::eventually([&] { return inside == 1000; }));
    CHECK(tasks.front().state() == task_state::running);
    gate.open();
    for (const auto& task : tasks) {
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
        CHECK(task.result());
    }
}

TEST_CASE("the handlers of one coroutine body run one at a time, on any number of threads", "[coroutine]")
{
    std::atomic<int> overlaps{0};
    std::vector<task<int>> tasks;
    vmtask::engine engine({.event_loop_threads = 3});
    for (int i = 0; i < 20; ++i) {
        tasks.push_back(engine.post([&overlaps](task_context&) -> asio::awaitable<int> {
            // Not atomic: ThreadSanitizer has its say as well.
            int counter = 0;
            std::atomic<bool> busy{false};
            const auto executor = co_await asio::this_coro::executor;
            for (int step = 0; step < 50; ++step) {
                asio::post(executor, [&] {
                    if (busy.exchange(true)) ++overlaps;
                    ++counter;
                    busy = false;
                });
            }
            while (counter < 50) co_await asio::post(executor, asio::use_awaitable);
            co_return counter;
        }));
    }
    for (const auto& task : tasks) {
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
        CHECK(task.result() == 50);
    }
    CHECK(overlaps == 0);
}

TEST_CASE("a cancel stops a coroutine body at its next checkpoint", "[coroutine][cancel]")
{
    std::atomic<bool> begun{false};
    vmtask::engine engine({.event_loop_threads = GENERATE(1U, 3U)});
    const auto task = engine.post([&](task_context& self) -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        for (;;) {
            begun = true;
            self.checkpoint();
            co_await asio::post(executor, asio::use_awaitable);
        }
    });
    REQUIRE(test::eventually([&] { return begun.load(); }));

    CHECK_FALSE(task.request_cancel());
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::cancelled);
    CHECK(task.error() == errc::cancelled);
}

TEST_CASE("a cancel wakes a coroutine body out of what it awaits", "[coroutine][cancel]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1, .event_loop_threads = GENERATE(1U, 3U)});
    const auto held = test::occupy_workers(engine, gate, 1);
    const task<> in_timer = engine.post(sleep_long);
    const task<> in_wait = engine.post([awaited = task_handle(held.front())](task_context&) -> asio::awaitable<void> {
        co_await awaited.async_wait(asio::use_awaitable);
    });
    for (const auto& task : {in_timer, in_wait}) {
        REQUIRE(test::eventually([&] { return task.state() == task_state::running; }));
        CHECK_FALSE(task.request_cancel());
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
        CHECK(task.state() == task_state::cancelled);
        CHECK(task.error() == errc::cancelled);
        CHECK(code_thrown_by([&] { task.result(); }) == errc::cancelled);
    }
    CHECK(held.front().state() == task_state::running);
    gate.open();
}

TEST_CASE("a coroutine body may catch its cancel, tidy up and stop", "[coroutine][cancel]")
{
    bool tidied = false;
    vmtask::engine engine;
    const auto task = engine.post([&](task_context& self) -> asio::awaitable<void> {
        try {
            co_await sleep_for(1h);
        } catch (const std::system_error&) {
            tidied = self.stop_requested();
        }
        self.checkpoint();
    });
    REQUIRE(test::eventually([&] { return task.state() == task_state::running; }));
    CHECK_FALSE(task.request_cancel());
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);

    CHECK(tidied);
    CHECK(task.state() == task_state::cancelled);
}

TEST_CASE("a coroutine body that is cancelled before it awaits does not sleep", "[coroutine][cancel]")
{
    test::gate gate;
    vmtask::engine engine;
    const auto task = engine.post([&](task_context& self) -> asio::awaitable<void> {
        gate.hold_regardless();
        if (self.stop_requested()) co_await sleep_for(1h);
    });
    REQUIRE(gate.reached());
    CHECK_FALSE(task.request_cancel());
    gate.open();

    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::cancelled);
}

TEST_CASE("a coroutine body that ignores its cancel and finishes has succeeded", "[coroutine][cancel]")
{
    test::gate gate;
    vmtask::engine engine;
    const auto task = engine.post([&](task_context&) -> asio::awaitable<int> {
        gate.hold_regardless();
        co_return 7;
    });
    REQUIRE(gate.reached());
    CHECK_FALSE(task.request_cancel());
    gate.open();

    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::succeeded);
    CHECK(task.cancel_requested());
    CHECK(task.result() == 7);
}

TEST_CASE("a cancel ends a queued coroutine task while the event loop is busy", "[coroutine][cancel]")
{
    test::gate gate;
    auto captured = std::make_shared<int>(0);
    const std::weak_ptr<int> watched = captured;
    bool begun = false;
    vmtask::engine engine;
    test::occupy_event_loop(engine, gate);
    const auto task = engine.post([&begun, captured](task_context&) -> asio::awaitable<void> {
        begun = true;
        co_return;
    });
    captured.reset();

    CHECK_FALSE(task.request_cancel());
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::cancelled);
    CHECK(watched.expired());
    CHECK(gate.still_holding());
    gate.open();
    REQUIRE(test::settle_event_loop(engine));
    CHECK_FALSE(begun);
}
