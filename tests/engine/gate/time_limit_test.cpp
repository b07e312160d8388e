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

TEST_CASE("a limit ends a queued task while all workers and the event loop are busy", "[time_limit]")
{
    test::gate workers;
    test::gate loop;
    engine engine({.workers = 1});
    test::occupy_workers(engine, workers, 1);
    test::occupy_event_loop(engine, loop);
    const auto queued = engine.post(nothing, {.limits = {.queued = 50ms}});
    const auto waiting = engine.post(nothing, {.claims = {exclusive("disk")}, .limits = {.total = 50ms}});
    const auto after = engine.post(nothing, {.after = {waiting}, .limits = {.queued = 50ms}});
    for (const auto& each : {queued, waiting, after}) {
        REQUIRE(each.wait_for_completion(patience) == wait_status::completed);
        CHECK(each.state() != task_state::succeeded);
    }
    CHECK(workers.still_holding());
    CHECK(loop.still_holding());
    workers.open();
    loop.open();
}

TEST_CASE("a limit ends a paused body while the event loop is busy", "[time_limit][pause]")
{
    test::gate workers;
    test::gate loop;
    test::gate inside;
    engine engine({.workers = 2});
    test::occupy_workers(engine, workers, 1);
    const auto paused = engine.post([&](task_context& self) { inside.hold(self); }, {.limits = {.total = 200ms}});
    REQUIRE(inside.reached());
    (void)paused.pause();
    test::occupy_event_loop(engine, loop);
    REQUIRE(paused.wait_for_completion(patience) == wait_status::completed);
    CHECK(paused.state() == task_state::cancelled);
    CHECK(workers.still_holding());
    CHECK(loop.still_holding());
    workers.open();
    loop.open();
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

TEST_CASE("a task that says nothing new has stalled", "[time_limit]")
{
    engine engine({.workers = 1});
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
}

namespace {

/// Whether a task goes on for three times that limit if it always has something
/// new to say; not, when its thread was kept from that for so long.
bool outlasts_stall_limit(std::chrono::milliseconds limit)
{
    engine engine({.workers = 1});
    const auto active = engine.post(
        [&](task_context& self) {
            const auto end = std::chrono::steady_clock::now() + 3 * limit;
            for (std::uint64_t reports = 1; std::chrono::steady_clock::now() < end; ++reports) {
                self.report_progress(reports, 0);
                self.checkpoint();
                std::this_thread::sleep_for(1ms);
            }
        },
        {.limits = {.without_progress = limit}});
    REQUIRE(active.wait_for_completion(patience) == wait_status::completed);
    const bool is_in_time = !active.has_passed(limit_kind::without_progress);
    CHECK((active.state() == task_state::succeeded || !is_in_time));
    return is_in_time;
}

} // namespace

TEST_CASE("a task that always has something new to say has not stalled", "[time_limit]")
{
    auto limit = 50ms;
    while (!outlasts_stall_limit(limit)) REQUIRE((limit *= 2) < patience / 6);
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

TEST_CASE("what is left of the time when a task is paused is left when it goes on", "[time_limit][pause]")
{
    using std::chrono::steady_clock;
    constexpr auto length = 100ms;
    const auto kind = GENERATE(limit_kind::running, limit_kind::without_progress);
    time_limits limits;
    (kind == limit_kind::running ? limits.running : limits.without_progress) = time_limit(length, limit_action::report);
    test::gate gate;
    engine engine({.workers = 1});
    const auto posted = steady_clock::now();
    const auto task = engine.post([&](task_context& self) { gate.hold(self); }, {.limits = limits});
    REQUIRE(gate.reached());
    REQUIRE_FALSE(task.pause());
    REQUIRE(eventually([&] { return task.state() == task_state::paused; }));
    (void)task.progress(); // takes the task's lock: all that belongs to the pause is done
    const auto paused = steady_clock::now();
    std::this_thread::sleep_for(length);
    const auto resumed = steady_clock::now();
    REQUIRE_FALSE(task.resume());

    REQUIRE(eventually([&] { return task.has_passed(kind); }));
    // However late we look: it has not passed before its time, of which the
    // pause is no part. It may have before the pause, on a very slow machine.
    const auto looked = steady_clock::now();
    if (paused - posted < length) CHECK(looked - posted >= length + (resumed - paused));
    gate.open();
}

TEST_CASE("time paused does not count as time running", "[time_limit][pause]")
{
    auto length = 50ms;
    while (!outlasts_pause(length)) length *= 2;
}

namespace {

/// Spends two thirds of that limit in each of two attempts. False when a thread
/// took so much longer that the limit had passed in one of them.
bool has_whole_time_again(std::chrono::milliseconds limit)
{
    std::atomic<int> calls{0};
    engine engine({.workers = 1});
    const auto task = engine.post(
        [&](task_context&) {
            std::this_thread::sleep_for(limit * 2 / 3);
            if (++calls == 1) throw std::runtime_error("on purpose");
        },
        {.limits = {.running = time_limit(limit, limit_action::report)}, .retry = retry_policy{.first_delay = 0s}});
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::succeeded);
    CHECK(calls == 2);
    return !task.has_passed(limit_kind::running);
}

} // namespace

TEST_CASE("each attempt has the whole time", "[time_limit][retry]")
{
    auto limit = 30ms;
    while (!has_whole_time_again(limit)) REQUIRE((limit *= 2) < patience / 6);
}

TEST_CASE("a limit holds in a later attempt, too", "[time_limit][retry]")
{
    test::gate gate;
    std::atomic<int> calls{0};
    engine engine({.workers = 1});
    const auto task = engine.post(
        [&](task_context& self) {
            if (++calls == 1) throw std::runtime_error("on purpose");
            gate.hold(self);
        },
        {.limits = {.running = time_limit(10ms, limit_action::report)}, .retry = retry_policy{.first_delay = 0s}});
    REQUIRE(gate.reached());
    CHECK(eventually([&] { return task.has_passed(limit_kind::running); }));
    gate.open();
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(calls == 2);
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
