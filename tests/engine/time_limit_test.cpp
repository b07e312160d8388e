// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <stop_token>
#include <thread>

using namespace vmtask;
using namespace std::chrono_literals;
using test::eventually;
using test::patience;

namespace {

void nothing(task_context&) {}

} // namespace

TEST_CASE("a task that runs too long is cancelled", "[time_limit]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) { gate.hold(self); }, {.limits = {.running = 10ms}});
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::cancelled);
    CHECK(task.has_passed(limit_kind::running));
    CHECK_FALSE(task.has_passed(limit_kind::total));
    CHECK(gate.still_holding());
}

TEST_CASE("a coroutine that runs too long is cancelled", "[time_limit][coroutine]")
{
    engine engine({.workers = 1});
    const auto task = engine.post(
        [](task_context&) -> asio::awaitable<void> {
            asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
            co_await timer.async_wait(asio::use_awaitable);
        },
        {.limits = {.running = 10ms}});
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::cancelled);
}

TEST_CASE("a task that is queued too long is cancelled while the pool is full", "[time_limit]")
{
    test::gate gate;
    engine engine({.workers = 1});
    test::occupy_workers(engine, gate, 1);
    const auto plain = engine.post(nothing, {.limits = {.queued = 10ms}});
    const auto claiming = engine.post(nothing, {.claims = {exclusive("disk")}, .limits = {.queued = 10ms}});
    const auto waiting = engine.post(nothing, {.claims = {exclusive("disk")}, .limits = {.total = 10ms}});
    for (const auto& each : {plain, claiming, waiting}) {
        REQUIRE(each.wait_for_completion(patience) == wait_status::completed);
        CHECK(each.state() == task_state::cancelled);
    }
    CHECK(plain.has_passed(limit_kind::queued));
    CHECK(waiting.has_passed(limit_kind::total));
    CHECK(gate.still_holding());
}

TEST_CASE("a running body learns of its limit while the event loop is blocked", "[time_limit]")
{
    test::gate blocked_loop;
    test::gate gate;
    engine engine({.workers = 1});
    test::occupy_event_loop(engine, blocked_loop);
    const auto task = engine.post([&](task_context& self) { gate.hold(self); }, {.limits = {.running = 10ms}});
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::cancelled);
    CHECK(blocked_loop.still_holding());
    blocked_loop.open();
}

TEST_CASE("a limit that only reports leaves the task alone", "[time_limit]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) { gate.hold(self); },
                                  {.limits = {.running = time_limit(1ms, limit_action::report)}});
    REQUIRE(gate.reached());
    CHECK(eventually([&] { return task.has_passed(limit_kind::running); }));
    CHECK_FALSE(task.cancel_requested());
    gate.open();
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::succeeded);
}

TEST_CASE("a task in time is left alone, and limits that are not set never pass", "[time_limit]")
{
    engine engine({.workers = 1});
    const auto task = engine.post(
        nothing, {.limits = {.queued = 1h, .running = 1h, .total = std::chrono::hours::max(), .without_progress = 1h}});
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::succeeded);
    const auto plain = engine.post(nothing);
    for (const auto kind : {limit_kind::queued, limit_kind::running, limit_kind::total, limit_kind::without_progress}) {
        CHECK_FALSE(task.has_passed(kind));
        CHECK_FALSE(plain.has_passed(kind));
    }
}

TEST_CASE("a task that says nothing new has stalled, one that does has not", "[time_limit]")
{
    engine engine({.workers = 2});
    const auto stalled = engine.post(
        [&](task_context& self) {
            for (;;) {
                self.report_progress(0.5);
                self.checkpoint();
                std::this_thread::sleep_for(1ms);
            }
        },
        {.limits = {.without_progress = 50ms}});
    REQUIRE(stalled.wait_for_completion(patience) == wait_status::completed);
    CHECK(stalled.state() == task_state::cancelled);
    CHECK(stalled.has_passed(limit_kind::without_progress));

    // An hour's limit would not do: it has to be looked at while the body goes on.
    std::atomic<std::uint64_t> reports{0};
    const auto active = engine.post(
        [&](task_context& self) {
            while (reports < 100) {
                self.report_progress(++reports, 0);
                self.checkpoint();
                std::this_thread::sleep_for(1ms);
            }
        },
        {.limits = {.without_progress = patience / 4}});
    REQUIRE(active.wait_for_completion(patience) == wait_status::completed);
    CHECK(active.state() == task_state::succeeded);
}

namespace {

/// Pauses a task with a limit of that length until twice as much has passed.
/// False when the limit had passed before the task was paused.
bool outlasts_pause(std::chrono::milliseconds length)
{
    test::gate gate;
    engine engine({.workers = 1});
    const time_limit limit(length, limit_action::report);
    const auto task = engine.post([&](task_context& self) { gate.hold(self); },
                                  {.limits = {.running = limit, .without_progress = limit}});
    REQUIRE(gate.reached());
    REQUIRE_FALSE(task.pause());
    REQUIRE(eventually([&] { return task.state() == task_state::paused; }));
    if (task.has_passed(limit_kind::running) || task.has_passed(limit_kind::without_progress)) return false;
    const auto clock = engine.post([&](task_context& self) { gate.hold(self); }, {.limits = {.total = 2 * length}});
    REQUIRE(clock.wait_for_completion(patience) == wait_status::completed);
    CHECK_FALSE(task.has_passed(limit_kind::running));
    CHECK_FALSE(task.has_passed(limit_kind::without_progress));
    // What was left of the time goes on.
    REQUIRE_FALSE(task.resume());
    CHECK(eventually([&] { return task.has_passed(limit_kind::running); }));
    CHECK(eventually([&] { return task.has_passed(limit_kind::without_progress); }));
    return true;
}

} // namespace

TEST_CASE("time paused does not count as time running", "[time_limit][pause]")
{
    auto length = 50ms;
    while (!outlasts_pause(length)) length *= 2;
}

TEST_CASE("each attempt has the whole time", "[time_limit][retry]")
{
    std::atomic<int> calls{0};
    engine engine({.workers = 1});
    const auto task = engine.post(
        [&](task_context& self) {
            if (++calls == 1) throw std::runtime_error("on purpose");
            for (;;) {
                self.checkpoint();
                std::this_thread::sleep_for(1ms);
            }
        },
        {.limits = {.running = 10ms}, .retry = retry_policy{.first_delay = 0s}});
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::cancelled);
    CHECK(task.has_passed(limit_kind::running));
}

TEST_CASE("a task cancels when its poster's stop token says so", "[stop_token]")
{
    test::gate gate;
    std::stop_source stop;
    engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) { gate.hold(self); }, {.stop = stop.get_token()});
    const auto queued = engine.post(nothing, {.stop = stop.get_token()});
    const auto unasked = engine.post(nothing);
    REQUIRE(gate.reached());
    stop.request_stop();
    CHECK(queued.state() == task_state::cancelled);
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::cancelled);
    REQUIRE(unasked.wait_for_completion(patience) == wait_status::completed);
    CHECK(unasked.state() == task_state::succeeded);
    const auto late = engine.post(nothing, {.stop = stop.get_token()});
    REQUIRE(late.wait_for_completion(patience) == wait_status::completed);
    CHECK(late.is_complete());
}
