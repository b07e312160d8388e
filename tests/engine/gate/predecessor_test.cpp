// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"
#include "support/thrown.hpp"

#include <asio/awaitable.hpp>

#include <stdexcept>
#include <vector>

using namespace vmtask;
using test::code_thrown_by;
using test::patience;

namespace {

void nothing(task_context&) {}
void fail(task_context&)
{
    throw std::runtime_error("on purpose");
}

} // namespace

TEST_CASE("a task begins after all that it was to begin after", "[predecessor]")
{
    test::gate first_gate;
    test::gate second_gate;
    engine engine({.workers = 3});
    const auto first = engine.post([&](task_context& self) { first_gate.hold(self); });
    const auto second = engine.post([&](task_context& self) { second_gate.hold(self); });
    bool both_had_ended = false;
    const auto after = engine.post([&](task_context&) { both_had_ended = first.is_complete() && second.is_complete(); },
                                   {.after = {first, second}});
    CHECK(after.obstacle().kind == obstacle_kind::predecessor);
    CHECK(after.obstacle().tasks == std::vector<task_handle>{first, second});
    first_gate.open();
    REQUIRE(first.wait_for_completion(patience) == wait_status::completed);
    CHECK(after.state() == task_state::queued);
    CHECK(after.obstacle().tasks == std::vector<task_handle>{second});
    second_gate.open();
    REQUIRE(after.wait_for_completion(patience) == wait_status::completed);
    CHECK(both_had_ended);
}

TEST_CASE("a task after one that has ended begins at once", "[predecessor]")
{
    engine engine({.workers = 1});
    const auto first = engine.post(nothing);
    REQUIRE(first.wait_for_completion(patience) == wait_status::completed);
    const auto after = engine.post(nothing, {.after = {first}});
    CHECK(after.wait_for_completion(patience) == wait_status::completed);
    CHECK(after.state() == task_state::succeeded);
}

TEST_CASE("a task may begin after a coroutine, and after a task of another engine", "[predecessor][coroutine]")
{
    test::gate gate;
    engine other({.workers = 1});
    engine engine({.workers = 1});
    const auto foreign = other.post([&](task_context& self) { gate.hold(self); });
    const auto coroutine = engine.post([](task_context&) -> asio::awaitable<void> { co_return; });
    const auto after =
        engine.post([](task_context&) -> asio::awaitable<int> { co_return 3; }, {.after = {foreign, coroutine}});
    REQUIRE(coroutine.wait_for_completion(patience) == wait_status::completed);
    CHECK(after.state() == task_state::queued);
    gate.open();
    REQUIRE(after.wait_for_completion(patience) == wait_status::completed);
    CHECK(after.result() == 3);
}

TEST_CASE("a task fails with its predecessor, and its body never runs", "[predecessor]")
{
    bool ran = false;
    engine engine({.workers = 1});
    const auto first = engine.post(fail);
    const auto after = engine.post([&](task_context&) { ran = true; }, {.after = {first}});
    const auto last = engine.post([&](task_context&) { ran = true; }, {.after = {after}});
    REQUIRE(last.wait_for_completion(patience) == wait_status::completed);
    CHECK(after.state() == task_state::failed);
    CHECK(after.error() == errc::predecessor_failed);
    CHECK(last.error() == errc::predecessor_failed);
    try {
        after.result();
        FAIL("no exception");
    } catch (const std::system_error& error) {
        CHECK_THAT(error.what(), Catch::Matchers::ContainsSubstring("task " + std::to_string(first.id())));
    }
    CHECK_FALSE(ran);
    // Also when it is posted afterwards.
    const auto late = engine.post([&](task_context&) { ran = true; }, {.after = {first}});
    REQUIRE(late.wait_for_completion(patience) == wait_status::completed);
    CHECK(late.error() == errc::predecessor_failed);
    CHECK_FALSE(ran);
}

TEST_CASE("a task begins after a failed predecessor if it says so", "[predecessor]")
{
    engine engine({.workers = 1});
    const auto first = engine.post(fail);
    const auto after = engine.post(nothing, {.after = {first}, .after_failure = after_failure::begin});
    REQUIRE(after.wait_for_completion(patience) == wait_status::completed);
    CHECK(after.state() == task_state::succeeded);
}

TEST_CASE("a long line of tasks falls one after the other, without a long line of calls", "[predecessor]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto first = engine.post([&](task_context& self) { gate.hold(self); });
    task_handle last = first;
    for (int i = 0; i < 20'000; ++i) last = engine.post(nothing, {.after = {last}});
    REQUIRE_FALSE(first.request_cancel());
    REQUIRE(last.wait_for_completion(patience) == wait_status::completed);
    CHECK(last.error() == errc::predecessor_failed);
}

TEST_CASE("a cancelled task waits for nobody any more", "[predecessor][cancel]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto first = engine.post([&](task_context& self) { gate.hold(self); });
    for (int i = 0; i < 100; ++i) {
        const auto after = engine.post(nothing, {.after = {first}});
        CHECK_FALSE(after.request_cancel());
        CHECK(after.state() == task_state::cancelled);
    }
    gate.open();
    CHECK(first.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("nothing begins after an empty handle", "[predecessor][bad_input]")
{
    engine engine({.workers = 1});
    CHECK(code_thrown_by([&] { (void)engine.post(nothing, {.after = {task_handle()}}); }) == errc::no_task);
    CHECK(engine.tasks().empty());
}

TEST_CASE("a task that would wait for itself is refused", "[predecessor][part]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto whole = engine.post([&](task_context& self) { gate.hold(self); });
    REQUIRE(gate.reached());
    const auto dependant = engine.post(nothing, {.after = {whole}});
    // The whole does not end before its part, and the part not begin before the whole has ended.
    CHECK(code_thrown_by([&] { (void)engine.post(nothing, {.after = {whole}, .parent = whole}); }) == errc::cycle);
    CHECK(code_thrown_by([&] { (void)engine.post(nothing, {.after = {dependant}, .parent = whole}); }) == errc::cycle);
    const auto part = engine.post(nothing, {.parent = whole});
    CHECK_FALSE(code_thrown_by([&] { (void)engine.post(nothing, {.after = {part}, .parent = whole}); }));
    gate.open();
    CHECK(dependant.wait_for_completion(patience) == wait_status::completed);
}
