// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"
#include "support/thrown.hpp"

#include <chrono>
#include <string>
#include <system_error>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::code_thrown_by;
using test::eventually;
using test::patience;

namespace {

void nothing(task_context&) {}

const retry_policy in_an_hour{.attempts = 2, .first_delay = 1h, .longest_delay = 1h};

/// A body that fails, when a part that it leaves in its lane is at work.
auto fails_beside_a_part(engine& engine, test::gate& gate)
{
    return [&](task_context& self) {
        engine.post([&](task_context& part) { gate.hold(part); },
                    {.cancelable = false, .lane = "array", .parent = self.handle()});
        if (gate.reached()) throw std::system_error(std::make_error_code(std::errc::device_or_resource_busy));
    };
}

} // namespace

TEST_CASE("a lane has no more tasks under way than its limit", "[lane]")
{
    test::gate gate;
    engine engine({.workers = 4, .lanes = {{"array", 2}}});
    std::vector<task<>> tasks;
    for (int i = 0; i < 5; ++i)
        tasks.push_back(engine.post([&](task_context& self) { gate.hold(self); }, {.lane = "array"}));
    REQUIRE(gate.reached(2));
    REQUIRE(engine.post(nothing).wait_for_completion(patience) == wait_status::completed);
    CHECK(tasks[2].obstacle().kind == obstacle_kind::lane);
    CHECK(tasks[2].obstacle().name == "array");
    CHECK(gate.still_holding());
    gate.open();
    for (const auto& each : tasks) CHECK(each.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("a lane's limit can be changed while tasks wait", "[lane]")
{
    test::gate gate;
    engine engine({.workers = 4, .lanes = {{"array", 1}}});
    std::vector<task<>> tasks;
    for (int i = 0; i < 4; ++i)
        tasks.push_back(engine.post([&](task_context& self) { gate.hold(self); }, {.lane = "array"}));
    REQUIRE(gate.reached(1));
    CHECK(tasks[1].state() == task_state::queued);
    engine.set_lane_limit("array", 3);
    CHECK(gate.reached(3));
    CHECK(tasks[3].state() == task_state::queued);
    engine.set_lane_limit("array", 0);
    CHECK(gate.reached(4));
    gate.open();
}

TEST_CASE("a part of a task in the same lane needs no place of its own", "[lane][part]")
{
    engine engine({.workers = 2, .lanes = {{"array", 1}}});
    const auto whole = engine.post(
        [&](task_context& self) {
            return engine.post(nothing, {.lane = "array", .parent = self.handle()}).wait_for_completion();
        },
        {.lane = "array"});
    REQUIRE(whole.wait_for_completion(patience) == wait_status::completed);
    CHECK(whole.result() == wait_status::completed);
}

TEST_CASE("a cancelled task gives its place in the lane to the next", "[lane][cancel]")
{
    test::gate gate;
    engine engine({.workers = 2, .lanes = {{"array", 1}}});
    const auto running = engine.post([&](task_context& self) { gate.hold(self); }, {.lane = "array"});
    REQUIRE(gate.reached());
    const auto waiting = engine.post(nothing, {.lane = "array"});
    const auto next = engine.post(nothing, {.lane = "array"});
    CHECK_FALSE(waiting.request_cancel());
    CHECK(waiting.state() == task_state::cancelled);
    CHECK_FALSE(running.request_cancel());
    CHECK(next.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("a lane that the engine does not know is refused", "[lane][bad_input]")
{
    engine engine({.workers = 1});
    CHECK(code_thrown_by([&] { (void)engine.post(nothing, {.lane = "array"}); }) == errc::unknown_lane);
    CHECK(engine.tasks().empty());
    engine.set_lane_limit("array", 1);
    CHECK(engine.post(nothing, {.lane = "array"}).wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("between two attempts a task has its place in the lane for as long as a part is in it", "[lane][part][retry]")
{
    test::gate gate;
    engine engine({.workers = 3, .lanes = {{"array", 1}}});
    const auto whole = engine.post(fails_beside_a_part(engine, gate), {.lane = "array", .retry = in_an_hour});
    REQUIRE(eventually([&] { return whole.obstacle().kind == obstacle_kind::delay; }));
    const auto other = engine.post(nothing, {.lane = "array"});
    CHECK(other.obstacle().kind == obstacle_kind::lane);
    CHECK(gate.still_holding());
    gate.open();
    CHECK(other.wait_for_completion(patience) == wait_status::completed);
    CHECK(whole.obstacle().kind == obstacle_kind::delay);
}

TEST_CASE("a part that waits for its lane is let in with its whole", "[lane][part][priority]")
{
    test::gate gate;
    engine engine({.workers = 2, .lanes = {{"array", 1}}});
    const auto first = engine.post([&](task_context& self) { gate.hold(self); }, {.lane = "array"});
    REQUIRE(gate.reached());
    const auto whole = engine.post(nothing, {.priority = task_priority::low, .lane = "array"});
    const auto part = engine.post(nothing, {.priority = task_priority::low, .lane = "array", .parent = whole});
    const auto its_part = engine.post(nothing, {.priority = task_priority::low, .lane = "array", .parent = part});
    CHECK_FALSE(whole.set_priority(task_priority::high));
    CHECK(part.obstacle().kind == obstacle_kind::lane);
    gate.open();
    CHECK(whole.wait_for_completion(patience) == wait_status::completed);
    CHECK(its_part.state() == task_state::succeeded);
}

TEST_CASE("a task that is cancelled before it begins holds what it has until its parts have ended",
          "[lane][resource][part][cancel]")
{
    test::gate gate;
    engine engine({.workers = 3, .lanes = {{"array", 1}}});
    const auto whole = engine.post(fails_beside_a_part(engine, gate),
                                   {.lane = "array", .claims = {exclusive("disk")}, .retry = in_an_hour});
    REQUIRE(eventually([&] { return whole.obstacle().kind == obstacle_kind::delay; }));
    CHECK_FALSE(whole.request_cancel());
    CHECK_FALSE(whole.is_complete());
    const auto claims = engine.post(nothing, {.claims = {exclusive("disk")}});
    const auto enters = engine.post(nothing, {.lane = "array"});
    CHECK(claims.obstacle().kind == obstacle_kind::resource);
    CHECK(enters.obstacle().kind == obstacle_kind::lane);
    CHECK(gate.still_holding());
    gate.open();
    CHECK(claims.wait_for_completion(patience) == wait_status::completed);
    CHECK(enters.wait_for_completion(patience) == wait_status::completed);
    CHECK(whole.wait_for_completion(patience) == wait_status::completed);
    CHECK(whole.state() == task_state::cancelled);
}

TEST_CASE("a task that waits for its lane keeps nobody from what it claims", "[lane][resource][part]")
{
    test::gate gate;
    test::gate posted;
    engine engine({.workers = 4, .lanes = {{"array", 1}}});
    const bool part_in_lane = GENERATE(false, true);
    task_handle part;
    const auto whole = engine.post(
        [&](task_context& self) {
            gate.hold(self);
            part = engine.post(
                nothing, {.lane = part_in_lane ? "array" : "", .claims = {exclusive("disk")}, .parent = self.handle()});
            posted.open();
        },
        {.lane = "array"});
    REQUIRE(gate.reached());
    const auto compact = engine.post(nothing, {.lane = "array", .claims = {exclusive("disk")}});
    CHECK_FALSE(compact.is_complete());
    gate.open();
    REQUIRE(whole.wait_for_completion(patience) == wait_status::completed);
    CHECK(whole.state() == task_state::succeeded);
    CHECK(part.state() == task_state::succeeded);
    CHECK(compact.wait_for_completion(patience) == wait_status::completed);
    CHECK(compact.state() == task_state::succeeded);
}

TEST_CASE("a task that waits for its lane says who is in it", "[lane]")
{
    test::gate gate;
    engine engine({.workers = 4, .lanes = {{"array", 2}}});
    std::vector<task_handle> inside;
    for (int i = 0; i < 2; ++i)
        inside.push_back(engine.post([&](task_context& self) { gate.hold(self); }, {.lane = "array"}));
    REQUIRE(gate.reached(2));
    const auto waiting = engine.post(nothing, {.lane = "array"});
    const obstacle before = waiting.obstacle();
    CHECK(before.kind == obstacle_kind::lane);
    CHECK(before.name == "array");
    CHECK(before.tasks == inside);
    gate.open();
}
