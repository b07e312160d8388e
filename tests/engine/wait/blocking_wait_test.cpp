// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <asio/post.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;

TEST_CASE("a wait without limit returns when the task has ended", "[wait]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const task<> task = engine.post([&](task_context& self) { gate.hold(self); });
    std::thread opener([&] { gate.open(); });

    CHECK(task.wait_for_completion() == wait_status::completed);
    CHECK(task.is_complete());
    opener.join();
}

TEST_CASE("a wait speaks of itself: it completes however the task has ended", "[wait]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const task_handle succeeds = engine.post([](task_context&) {});
    const task_handle fails = engine.post([](task_context&) { throw std::runtime_error("no"); });
    const task_handle stopped = engine.post([&](task_context& self) { gate.hold(self); });
    REQUIRE(gate.reached());
    const task_handle never_begun = engine.post([](task_context&) {});
    REQUIRE_FALSE(never_begun.request_cancel());
    REQUIRE_FALSE(stopped.request_cancel());

    CHECK(succeeds.wait_for_completion() == wait_status::completed);
    CHECK(fails.wait_for_completion() == wait_status::completed);
    CHECK(stopped.wait_for_completion() == wait_status::completed);
    CHECK(never_begun.wait_for_completion() == wait_status::completed);
    CHECK(succeeds.state() == task_state::succeeded);
    CHECK(fails.state() == task_state::failed);
    CHECK(stopped.state() == task_state::cancelled);
    CHECK(never_begun.state() == task_state::cancelled);
}

TEST_CASE("a wait for an ended task completes, whatever its time limit", "[wait]")
{
    vmtask::engine engine;
    const task<> task = engine.post([](task_context&) {});
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);

    CHECK(task.wait_for_completion() == wait_status::completed);
    CHECK(task.wait_for_completion(0s) == wait_status::completed);
    CHECK(task.wait_for_completion(-5s) == wait_status::completed);
    CHECK(task.wait_for_completion(1h) == wait_status::completed);
}

TEST_CASE("zero or less only looks", "[wait]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);

    CHECK(held.front().wait_for_completion(0s) == wait_status::timed_out);
    CHECK(held.front().wait_for_completion(-1h) == wait_status::timed_out);
    CHECK(gate.still_holding());
}

TEST_CASE("everybody who waits for a task is told", "[wait]")
{
    test::gate gate;
    test::mailbox<wait_status> told;
    vmtask::engine engine({.workers = 1});
    const task<> task = engine.post([&](task_context& self) { gate.hold(self); });

    std::vector<std::thread> waiters;
    for (int i = 0; i < 20; ++i) {
        waiters.emplace_back(
            [&, i] { told.put(i % 2 == 0 ? task.wait_for_completion() : task.wait_for_completion(patience)); });
    }
    gate.open();
    for (auto& waiter : waiters) waiter.join();

    for (const auto status : told.letters()) CHECK(status == wait_status::completed);
    CHECK(told.letters().size() == 20);
}

TEST_CASE("a blocking wait on the event loop for a task of a worker completes", "[wait]")
{
    test::gate gate;
    test::mailbox<wait_status> told;
    vmtask::engine engine({.workers = 1});
    const task<> task = engine.post([&](task_context& self) { gate.hold(self); });
    asio::post(engine.get_executor(), [&] { told.put(task.wait_for_completion(patience)); });

    gate.open();
    REQUIRE(told.holds(1));
    CHECK(told.letters().front() == wait_status::completed);
}

TEST_CASE("whoever saw a wait complete sees what the body wrote", "[wait]")
{
    vmtask::engine engine({.workers = 2});
    for (int i = 0; i < 300; ++i) {
        int written = 0;
        const task<> task = engine.post([&](task_context&) { written = i; });
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
        REQUIRE(written == i);
    }
}

TEST_CASE("states and wait outcomes have names", "[wait]")
{
    CHECK(std::string(to_string(wait_status::completed)) == "completed");
    CHECK(std::string(to_string(wait_status::timed_out)) == "timed_out");
    CHECK(std::string(to_string(wait_status::would_deadlock)) == "would_deadlock");
    CHECK(std::string(to_string(task_state::queued)) == "queued");
    CHECK(std::string(to_string(task_state::running)) == "running");
    CHECK(std::string(to_string(task_state::paused)) == "paused");
    CHECK(std::string(to_string(task_state::succeeded)) == "succeeded");
    CHECK(std::string(to_string(task_state::failed)) == "failed");
    CHECK(std::string(to_string(task_state::cancelled)) == "cancelled");
}
