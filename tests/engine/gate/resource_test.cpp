// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"
#include "support/thrown.hpp"

#include <asio/awaitable.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::code_thrown_by;
using test::patience;

namespace {

/// Posts a task that holds a resource inside `gate`, and waits until it does.
task<> hold(engine& engine, test::gate& gate, std::vector<resource_claim> claims, std::string description = {})
{
    auto holder = engine.post([&gate](task_context& self) { gate.hold(self); },
                              {.description = std::move(description), .claims = std::move(claims)});
    if (!gate.reached()) throw std::runtime_error("the holder did not begin");
    return holder;
}

void nothing(task_context&) {}

} // namespace

TEST_CASE("a task that waits for a resource occupies no worker, and says who holds it", "[resource]")
{
    test::gate gate;
    engine engine({.workers = 2});
    const auto holder = hold(engine, gate, {exclusive("disk")}, "compact a.vhd");
    std::vector<task<>> waiting;
    for (int i = 0; i < 10; ++i) waiting.push_back(engine.post(nothing, {.claims = {exclusive("disk")}}));
    // The second worker is free for others.
    CHECK(engine.post(nothing).wait_for_completion(patience) == wait_status::completed);

    CHECK(waiting.front().state() == task_state::queued);
    const obstacle first = waiting.front().obstacle();
    CHECK(first.kind == obstacle_kind::resource);
    CHECK(first.name == "disk");
    REQUIRE(first.tasks.size() == 1);
    CHECK(first.tasks.front() == holder);
    CHECK(waiting.back().obstacle().tasks.size() == 10);
    CHECK(holder.obstacle().kind == obstacle_kind::none);

    gate.open();
    for (const auto& each : waiting) CHECK(each.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("whoever holds two resources that a task waits for is named once", "[resource]")
{
    test::gate gate;
    engine engine({.workers = 2});
    const auto holder = hold(engine, gate, {exclusive("file"), exclusive("name")}, "compact a.vhd");
    const task<> next = engine.post(nothing, {.claims = {exclusive("file"), exclusive("name")}});
    const task<> last = engine.post(nothing, {.claims = {exclusive("name"), exclusive("file")}});
    CHECK(next.obstacle().tasks == std::vector<task_handle>{holder});
    CHECK(last.obstacle().tasks == std::vector<task_handle>{holder, next});
    gate.open();
}

TEST_CASE("a task that fails because its own part is in the way does not hold it", "[resource]")
{
    // Under AddressSanitizer this would leak both, and the engine with them.
    test::gate before;
    test::gate inside;
    engine engine({.workers = 2});
    const task<> earlier = engine.post([&](task_context& self) { before.hold(self); });
    const task<> whole =
        engine.post(nothing, {.claims = {exclusive("disk")}, .when_busy = when_busy::fail, .after = {earlier}});
    const task<> part =
        engine.post([&](task_context& self) { inside.hold(self); }, {.claims = {exclusive("disk")}, .parent = whole});
    REQUIRE(inside.reached());
    before.open();
    REQUIRE(whole.wait_for_completion(patience) == wait_status::completed);
    CHECK(part.state() == task_state::cancelled);
    try {
        whole.result();
        FAIL("the whole has succeeded");
    } catch (const resource_busy& error) {
        CHECK_FALSE(error.holder());
        CHECK_THAT(error.what(), Catch::Matchers::ContainsSubstring("task " + std::to_string(part.id())));
    }
}

TEST_CASE("exclusive claims never overlap, shared ones may", "[resource]")
{
    std::atomic<int> inside{0};
    std::atomic<int> overlaps{0};
    test::gate gate;
    engine engine({.workers = 4});
    std::vector<task<>> tasks;
    for (int i = 0; i < 200; ++i) {
        tasks.push_back(engine.post(
            [&](task_context&) {
                if (++inside != 1) ++overlaps;
                --inside;
            },
            {.claims = {exclusive("disk"), shared("pool")}}));
    }
    for (const auto& each : tasks) REQUIRE(each.wait_for_completion(patience) == wait_status::completed);
    CHECK(overlaps == 0);

    std::vector<task<>> readers;
    for (int i = 0; i < 3; ++i)
        readers.push_back(engine.post([&](task_context& self) { gate.hold(self); }, {.claims = {shared("disk")}}));
    CHECK(gate.reached(3));
    gate.open();
}

TEST_CASE("a coroutine task claims like any other", "[resource][coroutine]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto holder = hold(engine, gate, {exclusive("disk")});
    const auto coroutine =
        engine.post([](task_context&) -> asio::awaitable<int> { co_return 7; }, {.claims = {exclusive("disk")}});
    REQUIRE(test::settle_event_loop(engine));
    CHECK(coroutine.state() == task_state::queued);
    CHECK(coroutine.obstacle().kind == obstacle_kind::resource);
    gate.open();
    REQUIRE(coroutine.wait_for_completion(patience) == wait_status::completed);
    CHECK(coroutine.result() == 7);
}

TEST_CASE("whoever sees the end of a task can claim what it held", "[resource]")
{
    engine engine({.workers = 2});
    for (int i = 0; i < 200; ++i) {
        const auto holder = engine.post(nothing, {.claims = {exclusive("disk")}});
        REQUIRE(holder.wait_for_completion(patience) == wait_status::completed);
        const auto next = engine.post(nothing, {.claims = {exclusive("disk")}, .when_busy = when_busy::fail});
        REQUIRE(next.wait_for_completion(patience) == wait_status::completed);
    }
}

TEST_CASE("a task that was not to wait is refused, and told who holds the resource", "[resource]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto holder = hold(engine, gate, {shared("disk")}, "convert a.vhd");
    const auto count = engine.tasks().size();
    try {
        (void)engine.post(nothing, {.claims = {exclusive("disk")}, .when_busy = when_busy::fail});
        FAIL("it was posted");
    } catch (const resource_busy& error) {
        CHECK(error.code() == errc::resource_busy);
        CHECK(error.resource() == "disk");
        CHECK(error.holder() == holder);
        CHECK(error.age() >= 0s);
        const std::string text = error.what();
        CHECK_THAT(text,
                   Catch::Matchers::ContainsSubstring("disk") && Catch::Matchers::ContainsSubstring("convert a.vhd")
                       && Catch::Matchers::ContainsSubstring("task " + std::to_string(holder.id())));
    }
    CHECK(engine.tasks().size() == count);
    // It has left nothing behind.
    const auto reader = engine.post(nothing, {.claims = {shared("disk")}, .when_busy = when_busy::fail});
    gate.open();
    CHECK(reader.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("a task joins one that does the same already", "[resource]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const task_options same{.kind = "compact", .claims = {exclusive("disk")}, .when_busy = when_busy::join};
    const auto first = engine.post(
        [&](task_context& self) {
            gate.hold(self);
            return 1;
        },
        same);
    REQUIRE(gate.reached());
    CHECK(engine.post([](task_context&) { return 2; }, same) == first);
    CHECK(engine.tasks().size() == 1);

    // Of another kind, with other claims, or another type of result it is another task.
    auto other_kind = same;
    other_kind.kind = "check";
    CHECK_FALSE(engine.post([](task_context&) { return 2; }, other_kind) == first);
    auto other_claims = same;
    other_claims.claims = {shared("disk")};
    CHECK_FALSE(engine.post([](task_context&) { return 2; }, other_claims) == first);
    CHECK_FALSE(task_handle(engine.post(nothing, same)) == task_handle(first));
    // One that was asked to stop will not do it.
    CHECK_FALSE(first.request_cancel());
    CHECK_FALSE(engine.post([](task_context&) { return 2; }, same) == first);
}

TEST_CASE("a task replaces queued ones that it makes needless, and no running one", "[resource]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const task_options same{.kind = "check", .claims = {exclusive("disk")}, .when_busy = when_busy::replace};
    const auto running = engine.post([&](task_context& self) { gate.hold(self); }, same);
    REQUIRE(gate.reached());
    const auto needless = engine.post(nothing, same);
    const auto other = engine.post(nothing, {.kind = "other", .claims = {exclusive("disk")}});
    const auto newest = engine.post(nothing, same);
    CHECK(needless.state() == task_state::cancelled);
    CHECK(needless.error() == errc::cancelled);
    CHECK(other.state() == task_state::queued);
    CHECK(running.state() == task_state::running);
    CHECK_FALSE(running.cancel_requested());
    gate.open();
    CHECK(newest.wait_for_completion(patience) == wait_status::completed);
    CHECK(newest.state() == task_state::succeeded);
}

TEST_CASE("a task that waits for others is joined and replaced as one that waits for its turn", "[resource]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto before = engine.post([&](task_context& self) { gate.hold(self); });
    REQUIRE(gate.reached());
    task_options same{.kind = "compact", .claims = {exclusive("disk"), shared("parent")}, .after = {before}};
    const auto queued = engine.post(nothing, same);
    same.when_busy = when_busy::join;
    CHECK(engine.post(nothing, same) == queued);
    same.after.clear();
    CHECK(engine.post(nothing, same) == queued);

    same.when_busy = when_busy::replace;
    const auto newest = engine.post(nothing, same);
    CHECK(queued.state() == task_state::cancelled);
    CHECK(newest.obstacle().kind == obstacle_kind::worker);
    gate.open();
    CHECK(newest.wait_for_completion(patience) == wait_status::completed);
    CHECK(newest.state() == task_state::succeeded);
    CHECK_FALSE(engine.post(nothing, same) == newest);
}

TEST_CASE("options that compare tasks need something to compare", "[resource][bad_input]")
{
    engine engine({.workers = 1});
    for (const auto policy : {when_busy::join, when_busy::replace}) {
        CHECK(code_thrown_by([&] { (void)engine.post(nothing, {.kind = "x", .when_busy = policy}); })
              == errc::bad_options);
        CHECK(code_thrown_by([&] { (void)engine.post(nothing, {.when_busy = policy}); }) == errc::bad_options);
        CHECK(code_thrown_by([&] { (void)engine.post(nothing, {.claims = {exclusive("disk")}, .when_busy = policy}); })
              == errc::bad_options);
    }
    CHECK(engine.tasks().empty());
}

TEST_CASE("a cancelled task leaves the line, and those behind it get through", "[resource][cancel]")
{
    test::gate gate;
    engine engine({.workers = 2});
    const auto reader = hold(engine, gate, {shared("disk")});
    const auto writer = engine.post(nothing, {.claims = {exclusive("disk")}});
    const auto late = engine.post(nothing, {.claims = {shared("disk")}});
    CHECK(late.state() == task_state::queued);
    CHECK_FALSE(writer.request_cancel());
    CHECK(writer.state() == task_state::cancelled);
    CHECK(late.wait_for_completion(patience) == wait_status::completed);
    gate.open();
}

TEST_CASE("all whom one end lets through begin, each on a worker of its own", "[resource]")
{
    test::gate before;
    test::gate together;
    engine engine({.workers = 3});
    hold(engine, before, {exclusive("disk")});
    for (int i = 0; i < 3; ++i)
        engine.post([&](task_context& self) { together.hold(self); }, {.claims = {shared("disk")}});
    before.open();
    CHECK(together.reached(3));
    together.open();
}

TEST_CASE("whom a body lets through begins before that body ends", "[resource][cancel]")
{
    test::gate gate;
    engine engine({.workers = 2});
    const auto busy = test::occupy_workers(engine, gate, 2);
    const auto holder = engine.post(nothing, {.claims = {exclusive("disk")}});
    CHECK_FALSE(holder.pause());
    const auto next = engine.post(nothing, {.claims = {exclusive("disk")}});
    gate.open();
    for (const auto& each : busy) REQUIRE(each.wait_for_completion(patience) == wait_status::completed);
    const auto canceller = engine.post([&](task_context&) {
        holder.request_cancel();
        return test::eventually([&] { return next.is_complete(); });
    });
    REQUIRE(canceller.wait_for_completion(2 * patience) == wait_status::completed);
    CHECK(canceller.result());
}

TEST_CASE("a task that has all it claims and waits for a worker is found, moved up and cancelled", "[resource]")
{
    test::gate gate;
    std::vector<int> order;
    engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto post = [&](int number, const char* disk) {
        return engine.post([&order, number](task_context&) { order.push_back(number); }, {.claims = {exclusive(disk)}});
    };
    const auto first = post(1, "a");
    const auto second = post(2, "b");
    const auto third = post(3, "c");
    const auto fourth = post(4, "a");
    CHECK(engine.find(first.id()) == first);
    CHECK(fourth.obstacle().tasks == std::vector<task_handle>{first});
    CHECK_FALSE(first.request_cancel());
    CHECK(first.state() == task_state::cancelled);
    CHECK_FALSE(third.set_priority(task_priority::high));
    gate.open();
    CHECK(engine.shutdown(shutdown_mode::drain, patience).complete());
    CHECK(order == std::vector{3, 2, 4});
}

TEST_CASE("a shutdown leaves nobody waiting for a resource", "[resource][shutdown]")
{
    test::gate gate;
    std::vector<task<>> waiting;
    {
        engine engine({.workers = 2});
        const auto holder = hold(engine, gate, {exclusive("disk")});
        for (int i = 0; i < 20; ++i) waiting.push_back(engine.post(nothing, {.claims = {exclusive("disk")}}));
        CHECK(engine.shutdown(shutdown_mode::cancel).complete());
    }
    for (const auto& each : waiting) CHECK(each.state() == task_state::cancelled);
}
