// SPDX-License-Identifier: BSL-1.0
//
// What is allocated, counted on the thread that does it.

#include <vmtask/engine.hpp>
#include <vmtask/when_all.hpp>
#include <vmtask/when_any.hpp>

#include "counted_heap.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <array>
#include <chrono>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::allocations_in;
using test::fail_each_allocation_in;
using test::patience;

namespace {

/// Too large for the engine to have memory for it from tasks before.
struct large_body {
    void operator()(task_context&) const {}
    std::array<char, 1000> ballast{};
};

} // namespace

TEST_CASE("a blocking wait allocates nothing", "[allocation]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const task<>& task = held.front();

    CHECK(allocations_in([&] { (void)task.wait_for_completion(0s); }) == 0);
    CHECK(allocations_in([&] { (void)task.wait_for_completion(1ms); }) == 0);
    gate.open();
    CHECK(allocations_in([&] { (void)task.wait_for_completion(patience); }) == 0);
    CHECK(allocations_in([&] { (void)task.wait_for_completion(); }) == 0);
}

TEST_CASE("a blocking wait for up to eight tasks allocates nothing, one for more a single block", "[allocation]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto all_of = [&](std::size_t count) { return when_all(std::vector(count, held.front())); };
    const all_tasks eight = all_of(8);
    const all_tasks nine = all_of(9);
    const any_task first = when_any(std::vector(8, held.front()));

    CHECK(allocations_in([&] { (void)eight.wait_for_completion(1ms); }) == 0);
    CHECK(allocations_in([&] { (void)first.wait_for_completion(1ms); }) == 0);
    CHECK(allocations_in([&] { (void)nine.wait_for_completion(1ms); }) == 1);
    gate.open();
    CHECK(allocations_in([&] { (void)eight.wait_for_completion(); }) == 0);
    CHECK(allocations_in([&] { (void)nine.wait_for_completion(); }) <= 1);
}

TEST_CASE("an asynchronous wait for several tasks is one allocation, and throws when it cannot be had", "[allocation]")
{
    test::gate gate;
    test::mailbox<std::error_code> heard;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    // Too many for the engine to have memory for them from waits before.
    const all_tasks many = when_all(std::vector(100, held.front()));
    const auto note = [&](std::error_code error) { heard.put(error); };

    CHECK(fail_each_allocation_in([&] { many.async_wait(note); }) == 1);
    CHECK(allocations_in([&] { many.async_wait(note); }) == 1);
    gate.open();
    REQUIRE(heard.holds(2));
}

TEST_CASE("a task is one allocation", "[allocation]")
{
    test::gate gate;
    std::vector<task<>> tasks;
    tasks.reserve(1000);
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);

    CHECK(allocations_in([&] {
              for (int i = 0; i < 1000; ++i) tasks.push_back(engine.post(large_body()));
          })
          == 1000);
    gate.open();
    REQUIRE(tasks.back().wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("asking a handle allocates nothing", "[allocation]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const task<>& task = held.front();

    CHECK(allocations_in([&] {
              const task_handle copy = task;
              (void)copy.state();
              (void)copy.percent_completed();
              (void)copy.progress();
              (void)copy.error();
              (void)copy.is_cancelable();
              (void)copy.request_cancel();
          })
          == 0);
}

TEST_CASE("reporting progress allocates nothing", "[allocation]")
{
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([](task_context& self) {
        return allocations_in([&] {
            for (std::uint64_t i = 0; i < 1000; ++i) self.report_progress(i, 1000);
            self.report_progress(0.5);
            self.checkpoint();
        });
    });
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.result() == 0);
}

TEST_CASE("a post that runs out of memory makes no task and leaves its place to others", "[allocation]")
{
    test::gate gate;
    std::vector<task<>> posted;
    posted.reserve(10);
    vmtask::engine engine({.workers = 1, .queue_limit = 1});
    const auto held = test::occupy_workers(engine, gate, 1);

    CHECK(fail_each_allocation_in([&] { posted.push_back(engine.post(large_body())); }) == 1);
    CHECK(engine.tasks().size() == 2);
    gate.open();
    REQUIRE(posted.front().wait_for_completion(patience) == wait_status::completed);
    CHECK(posted.front().state() == task_state::succeeded);
}

TEST_CASE("an asynchronous wait that runs out of memory throws, and is never told", "[allocation]")
{
    test::gate gate;
    test::mailbox<std::error_code> heard;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    // Too large for the engine to have memory for it from waits before.
    const auto note = [&, ballast = std::array<char, 1000>()](std::error_code error) {
        (void)ballast;
        heard.put(error);
    };

    CHECK(fail_each_allocation_in([&] { held.front().async_wait_for(1h, note); }) > 0);
    gate.open();
    REQUIRE(heard.holds(1));
    REQUIRE(test::settle_event_loop(engine));
    CHECK(heard.letters().size() == 1);
}
