// SPDX-License-Identifier: BSL-1.0

// Tasks that are not to begin before a time.

#include <vmtask/engine.hpp>
#include <vmtask/error.hpp>
#include <vmtask/obstacle.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/thrown.hpp"

#include <chrono>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;
using clock_type = std::chrono::steady_clock;

namespace {

void nothing(task_context&) {}

} // namespace

TEST_CASE("a task does not begin before its time, and then without anybody's help", "[start_time]")
{
    const auto when = clock_type::now() + 30ms;
    engine engine({.workers = 1});
    const auto task = engine.post([](task_context&) { return clock_type::now(); }, {.not_before = when});
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.result() >= when);
}

TEST_CASE("a time that has passed keeps nobody", "[start_time]")
{
    engine engine({.workers = 1});
    const auto when = GENERATE(clock_type::time_point::min(), clock_type::time_point{}, clock_type::now());
    const auto task = engine.post(nothing, {.not_before = when});
    CHECK(task.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("a task whose time has not come takes no worker and claims nothing", "[start_time][resource]")
{
    engine engine({.workers = 1, .lanes = {{"array", 1}}});
    const auto early = engine.post(
        nothing, {.lane = "array", .claims = {exclusive("disk")}, .not_before = clock_type::time_point::max()});
    CHECK(early.obstacle().kind == obstacle_kind::start_time);
    CHECK(early.obstacle().tasks.empty());
    const auto other = engine.post(nothing, {.lane = "array", .claims = {exclusive("disk")}});
    CHECK(other.wait_for_completion(patience) == wait_status::completed);
    CHECK(early.state() == task_state::queued);

    CHECK_FALSE(early.request_cancel());
    CHECK(early.wait_for_completion(patience) == wait_status::completed);
    CHECK(early.state() == task_state::cancelled);
}

TEST_CASE("predecessors come first, then the time, then what is claimed", "[start_time][predecessor]")
{
    test::gate gate;
    engine engine({.workers = 2});
    const auto first = engine.post([&](task_context& self) { gate.hold(self); }, {.claims = {exclusive("disk")}});
    REQUIRE(gate.reached());
    const auto later = clock_type::now() + 20ms;
    const auto task = engine.post(nothing, {.claims = {exclusive("disk")}, .after = {first}, .not_before = later});
    const auto claims = engine.post(nothing, {.claims = {exclusive("disk")}, .not_before = later});
    CHECK(task.obstacle().kind == obstacle_kind::predecessor);
    REQUIRE(test::eventually([&] { return claims.obstacle().kind == obstacle_kind::resource; }));
    CHECK(task.obstacle().kind == obstacle_kind::predecessor);
    gate.open();
    CHECK(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(claims.wait_for_completion(patience) == wait_status::completed);
    CHECK(clock_type::now() >= later);
}

TEST_CASE("who would not wait for what it claims is refused when its time has come", "[start_time][resource]")
{
    test::gate gate;
    engine engine({.workers = 2});
    const auto holder = engine.post([&](task_context& self) { gate.hold(self); }, {.claims = {exclusive("disk")}});
    REQUIRE(gate.reached());
    const auto task = engine.post(
        nothing, {.claims = {exclusive("disk")}, .when_busy = when_busy::fail, .not_before = clock_type::now() + 10ms});
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.error() == errc::resource_busy);
    gate.open();
    CHECK(holder.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("a coroutine and a part have their time, too", "[start_time][part]")
{
    const auto when = clock_type::now() + 20ms;
    engine engine({.workers = 1});
    const auto whole = engine.post([&](task_context& self) {
        (void)engine.post([](task_context&) -> asio::awaitable<void> { co_return; },
                          {.not_before = when, .parent = self.handle()});
    });
    REQUIRE(whole.wait_for_completion(patience) == wait_status::completed);
    CHECK(whole.state() == task_state::succeeded);
    CHECK(clock_type::now() >= when);
}

TEST_CASE("a queued time limit ends a task whose time has not come", "[start_time][limit]")
{
    engine engine({.workers = 1});
    const auto task = engine.post(nothing, {.not_before = clock_type::time_point::max(), .limits = {.queued = 10ms}});
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::cancelled);
}

TEST_CASE("an engine ends with tasks whose time has not come", "[start_time][shutdown]")
{
    task_handle task;
    {
        engine engine({.workers = 1});
        task = engine.post(nothing, {.not_before = clock_type::time_point::max()});
    }
    CHECK(task.state() == task_state::cancelled);
}

TEST_CASE("a task that is posted held begins when it is resumed", "[hold]")
{
    engine engine({.workers = 1});
    const bool has_terms = GENERATE(false, true);
    task_options options{.held = true};
    if (has_terms) options.claims = {exclusive("disk")};
    const auto task = engine.post(nothing, options);
    CHECK(engine.post(nothing).wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::queued);
    CHECK(task.obstacle().kind == obstacle_kind::hold);
    CHECK_FALSE(task.resume());
    CHECK(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::succeeded);
}

TEST_CASE("a coroutine that is posted held begins when it is resumed", "[hold]")
{
    engine engine({.workers = 1});
    const auto task = engine.post([](task_context&) -> asio::awaitable<void> { co_return; }, {.held = true});
    CHECK(task.obstacle().kind == obstacle_kind::hold);
    CHECK_FALSE(task.resume());
    CHECK(task.wait_for_completion(patience) == wait_status::completed);
}
