// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/coroutine.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"

#include <asio/experimental/awaitable_operators.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <variant>

using namespace vmtask;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using test::patience;

namespace {

/// Which came first: 0 for the task, 1 for the timer.
asio::awaitable<std::size_t> race(const task_handle& task, std::chrono::milliseconds limit)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, limit);
    const auto winner = co_await (task.async_wait(asio::use_awaitable) || timer.async_wait(asio::use_awaitable));
    co_return winner.index();
}

asio::awaitable<std::size_t> race_for_result(const task<std::string>& task, std::string& value)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    auto winner = co_await (task.async_result(asio::use_awaitable) || timer.async_wait(asio::use_awaitable));
    if (winner.index() == 0) value = std::get<0>(winner);
    co_return winner.index();
}

asio::awaitable<std::size_t> first_of(const task_handle& one, const task_handle& other)
{
    const auto winner = co_await (one.async_wait(asio::use_awaitable) || other.async_wait(asio::use_awaitable));
    co_return winner.index();
}

asio::awaitable<bool> both(const task_handle& one, const task_handle& other)
{
    co_await (one.async_wait(asio::use_awaitable) && other.async_wait(asio::use_awaitable));
    co_return one.is_complete() && other.is_complete();
}

} // namespace

TEST_CASE("a timer that beats a task gives up the wait and leaves the task", "[async][operators]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);

    for (int i = 0; i < 20; ++i) REQUIRE(test::run_here(race(held.front(), 1ms)) == 1);
    CHECK(held.front().state() == task_state::running);
    gate.open();
    REQUIRE(held.front().wait_for_completion(patience) == wait_status::completed);
    CHECK(held.front().state() == task_state::succeeded);
}

TEST_CASE("a task that beats a timer ends the coroutine at once", "[async][operators]")
{
    vmtask::engine engine({.workers = 1});
    const task<std::string> task = engine.post([](task_context&) { return std::string("done"); });
    std::string value;

    CHECK(test::run_here(race(task, 1h)) == 0);
    CHECK(test::run_here(race(task, 1h)) == 0);
    CHECK(test::run_here(race_for_result(task, value)) == 0);
    CHECK(value == "done");
}

TEST_CASE("the first of two tasks gives up the wait for the other", "[async][operators]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 2});
    const auto held = test::occupy_workers(engine, gate, 1);
    const task<> quick = engine.post([](task_context&) {});

    CHECK(test::run_here(first_of(held.front(), quick)) == 1);
    CHECK(test::run_here(first_of(quick, held.front())) == 0);
    CHECK(held.front().state() == task_state::running);
    gate.open();
    CHECK(test::run_here(both(held.front(), quick)));
}

TEST_CASE("a wait can be raced inside a coroutine task, on the event loop", "[async][operators]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const task<> quick = engine.post([](task_context&) -> asio::awaitable<void> { co_return; });
    const task<std::size_t> against_timer = engine.post([&](task_context&) { return race(held.front(), 1ms); });
    const task<std::size_t> against_task = engine.post([&](task_context&) { return first_of(held.front(), quick); });

    REQUIRE(against_timer.wait_for_completion(patience) == wait_status::completed);
    REQUIRE(against_task.wait_for_completion(patience) == wait_status::completed);
    CHECK(against_timer.result() == 1);
    CHECK(against_task.result() == 1);
    gate.open();
}
