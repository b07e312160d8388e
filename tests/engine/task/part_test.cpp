// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"
#include "support/thrown.hpp"

#include <asio/awaitable.hpp>

#include <chrono>
#include <stdexcept>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::code_thrown_by;
using test::eventually;
using test::patience;

namespace {

void nothing(task_context&) {}

} // namespace

TEST_CASE("a task does not end before its parts", "[part]")
{
    test::gate gate;
    engine engine({.workers = 2});
    task_handle part;
    const auto whole = engine.post([&](task_context& self) {
        part = engine.post([&](task_context& its_self) { gate.hold(its_self); }, {.parent = self.handle()});
        return 5;
    });
    REQUIRE(gate.reached());
    // Its body is over, and its worker free.
    REQUIRE(engine.post(nothing).wait_for_completion(patience) == wait_status::completed);
    CHECK(whole.state() == task_state::running);
    CHECK(whole.wait_for_completion(1ms) == wait_status::timed_out);
    gate.open();
    REQUIRE(whole.wait_for_completion(patience) == wait_status::completed);
    CHECK(part.is_complete());
    CHECK(whole.result() == 5);
}

TEST_CASE("a coroutine task does not end before its parts, and parts may have parts", "[part][coroutine]")
{
    test::gate gate;
    engine engine({.workers = 2});
    const auto whole = engine.post([&](task_context& self) -> asio::awaitable<void> {
        engine.post(
            [&](task_context& its_self) {
                engine.post([&](task_context& deepest) { gate.hold(deepest); }, {.parent = its_self.handle()});
            },
            {.parent = self.handle()});
        co_return;
    });
    REQUIRE(gate.reached());
    CHECK(test::settle_event_loop(engine));
    CHECK(whole.state() == task_state::running);
    gate.open();
    CHECK(whole.wait_for_completion(patience) == wait_status::completed);
    for (const auto& each : engine.tasks()) CHECK(each.state() == task_state::succeeded);
}

TEST_CASE("a cancel reaches all the parts, those that come later too", "[part][cancel]")
{
    test::gate gate;
    test::gate other_gate;
    engine engine({.workers = 2});
    std::vector<task_handle> parts;
    const auto whole = engine.post([&](task_context& self) {
        for (int i = 0; i < 20; ++i)
            parts.push_back(
                engine.post([&](task_context& its_self) { gate.hold(its_self); }, {.parent = self.handle()}));
        gate.hold(self);
    });
    REQUIRE(gate.reached(2));
    CHECK_FALSE(whole.request_cancel());
    CHECK(whole.wait_for_completion(patience) == wait_status::completed);
    CHECK(whole.state() == task_state::cancelled);
    for (const auto& each : parts) CHECK(each.state() == task_state::cancelled);

    task_handle late;
    const auto stubborn = engine.post([&](task_context& self) {
        other_gate.hold_regardless();
        late = engine.post(nothing, {.parent = self.handle()});
    });
    REQUIRE(other_gate.reached());
    CHECK_FALSE(stubborn.request_cancel());
    other_gate.open();
    CHECK(stubborn.wait_for_completion(patience) == wait_status::completed);
    CHECK(late.state() == task_state::cancelled);
}

TEST_CASE("a task whose parts were stopped after its body had ended was cancelled", "[part][cancel]")
{
    test::gate gate;
    engine engine({.workers = 2});
    const auto whole = engine.post([&](task_context& self) {
        engine.post([&](task_context& its_self) { gate.hold(its_self); }, {.parent = self.handle()});
    });
    REQUIRE(gate.reached());
    REQUIRE(engine.post(nothing).wait_for_completion(patience) == wait_status::completed);
    CHECK_FALSE(whole.request_cancel());
    CHECK(whole.wait_for_completion(patience) == wait_status::completed);
    CHECK(whole.state() == task_state::cancelled);
    CHECK(whole.error() == errc::cancelled);
}

TEST_CASE("a task that fails cancels its parts, and waits for them", "[part]")
{
    test::gate gate;
    engine engine({.workers = 2});
    task_handle part;
    const auto whole = engine.post([&](task_context& self) {
        part = engine.post([&](task_context& its_self) { gate.hold(its_self); }, {.parent = self.handle()});
        if (!gate.reached()) return;
        throw std::runtime_error("on purpose");
    });
    CHECK(whole.wait_for_completion(patience) == wait_status::completed);
    CHECK(whole.state() == task_state::failed);
    CHECK(part.state() == task_state::cancelled);
}

TEST_CASE("a part uses what its task has claimed, which others get after both", "[part][resource]")
{
    test::gate gate;
    engine engine({.workers = 2});
    task_handle part;
    const auto whole = engine.post(
        [&](task_context& self) {
            part = engine.post([&](task_context& its_self) { gate.hold(its_self); },
                               {.claims = {exclusive("disk")}, .parent = self.handle()});
        },
        {.claims = {exclusive("disk")}});
    REQUIRE(gate.reached());
    const auto stranger = engine.post(nothing, {.claims = {exclusive("disk")}});
    REQUIRE(engine.post(nothing).wait_for_completion(patience) == wait_status::completed);
    CHECK(stranger.state() == task_state::queued);
    gate.open();
    CHECK(stranger.wait_for_completion(patience) == wait_status::completed);
    CHECK(part.state() == task_state::succeeded);
    CHECK(whole.wait_for_completion(patience) == wait_status::completed);
    CHECK(whole.state() == task_state::succeeded);
}

TEST_CASE("nothing becomes a part of a task that has ended, or of another engine's", "[part][bad_input]")
{
    engine other({.workers = 1});
    engine engine({.workers = 1});
    const auto ended = engine.post(nothing, {.kind = "with terms"});
    const auto plain = engine.post(nothing);
    REQUIRE(ended.wait_for_completion(patience) == wait_status::completed);
    REQUIRE(plain.wait_for_completion(patience) == wait_status::completed);
    for (const task_handle& whole : {task_handle(ended), task_handle(plain)})
        CHECK(code_thrown_by([&] { (void)engine.post(nothing, {.parent = whole}); }) == errc::already_ended);
    CHECK(code_thrown_by([&] { (void)other.post(nothing, {.parent = ended}); }) == errc::other_engine);
    CHECK(engine.tasks().size() == 2);
}

TEST_CASE("a shutdown that cancels ends tasks and their parts", "[part][shutdown]")
{
    test::gate gate;
    engine engine({.workers = 2});
    const auto whole = engine.post([&](task_context& self) {
        for (int i = 0; i < 10; ++i)
            engine.post([&](task_context& its_self) { gate.hold(its_self); }, {.parent = self.handle()});
    });
    REQUIRE(gate.reached());
    CHECK(engine.shutdown(shutdown_mode::cancel).complete());
    CHECK(whole.is_complete());
}

namespace {

/// A body that stays inside `gate` and then posts a part that claims that.
auto posts_part(engine& engine, test::gate& gate, task_handle& part, std::vector<resource_claim> claims)
{
    return [&engine, &gate, &part, claims = std::move(claims)](task_context& self) {
        gate.hold(self);
        part = engine.post(nothing, {.claims = claims, .parent = self.handle()});
    };
}

void require_success(const std::vector<task_handle>& tasks)
{
    for (const task_handle& each : tasks) {
        REQUIRE(each.wait_for_completion(patience) == wait_status::completed);
        CHECK(each.state() == task_state::succeeded);
    }
}

} // namespace

TEST_CASE("a part comes before those that wait for its whole, whoever holds what it claims", "[part][resource]")
{
    test::gate whole_gate;
    test::gate holder_gate;
    task_handle part;
    engine engine({.workers = 3});
    const auto post_holder = [&] {
        return engine.post([&](task_context& self) { holder_gate.hold(self); }, {.claims = {shared("r1")}});
    };
    const auto post_waiting = [&](resource_claim first) {
        return engine.post(nothing, {.claims = {std::move(first), exclusive("r2")}});
    };
    const auto whole =
        engine.post(posts_part(engine, whole_gate, part, {exclusive("r1")}), {.claims = {exclusive("r2")}});
    REQUIRE(whole_gate.reached());
    task_handle waiting;
    task_handle holder;
    SECTION("one that waits has claimed that shared, before it was held shared")
    {
        waiting = post_waiting(shared("r1"));
        holder = post_holder();
    }
    SECTION("one that waits has claimed that exclusively, after it was held shared")
    {
        holder = post_holder();
        waiting = post_waiting(exclusive("r1"));
    }
    REQUIRE(holder_gate.reached());
    CHECK(waiting.state() == task_state::queued);
    whole_gate.open();
    REQUIRE(eventually([&] { return engine.metrics().tasks_posted == 4; }));
    CHECK_FALSE(whole.is_complete());
    holder_gate.open();
    require_success({holder, whole}); // its body has set the part by then
    require_success({part, waiting});
}

TEST_CASE("a part gets what its whole holds, whoever waits for that", "[part][resource]")
{
    // The older whole's part waits for what the younger one holds; by the age of
    // their wholes it would come before the younger one's part.
    test::gate older_gate;
    test::gate younger_gate;
    task_handle waiting;
    task_handle part;
    engine engine({.workers = 3});
    const auto older =
        engine.post(posts_part(engine, older_gate, waiting, {exclusive("disk")}), {.claims = {exclusive("other")}});
    REQUIRE(older_gate.reached());
    const auto younger =
        engine.post(posts_part(engine, younger_gate, part, {exclusive("disk")}), {.claims = {exclusive("disk")}});
    REQUIRE(younger_gate.reached());
    older_gate.open();
    REQUIRE(eventually([&] { return engine.metrics().tasks_posted == 3; }));
    younger_gate.open();
    require_success({younger, older}); // their bodies have set the parts by then
    require_success({part, waiting});
}
