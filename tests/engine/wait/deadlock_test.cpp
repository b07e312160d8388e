// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;

namespace {

using waits = std::vector<task<wait_status>>;

/// How often that outcome is among the results of those tasks.
std::ptrdiff_t count(const waits& tasks, wait_status outcome)
{
    return std::count_if(tasks.begin(), tasks.end(), [&](const auto& task) { return task.result() == outcome; });
}

void require_end(const waits& tasks)
{
    for (const auto& task : tasks) REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
}

/// Posts `size` tasks, each of which waits for the next and the last for the
/// first, and lets them go when all are there.
waits post_ring(engine& engine, test::gate& gate, std::vector<task_handle>& ring, std::size_t size)
{
    waits tasks;
    ring.resize(size);
    for (std::size_t i = 0; i < size; ++i) {
        tasks.push_back(engine.post([&, i, size](task_context&) {
            gate.hold_regardless();
            const task_handle& next = ring[(i + 1) % size];
            return i % 2 == 0 ? next.wait_for_completion() : next.wait_for_completion(1h);
        }));
    }
    std::copy(tasks.begin(), tasks.end(), ring.begin());
    gate.open();
    return tasks;
}

} // namespace

TEST_CASE("a task that waits for itself is told at once", "[deadlock]")
{
    vmtask::engine engine({.workers = GENERATE(1U, 2U)});
    const auto without_limit =
        engine.post([&](task_context& self) { return engine.find(self.id()).wait_for_completion(); });
    const auto with_limit =
        engine.post([&](task_context& self) { return engine.find(self.id()).wait_for_completion(1h); });

    require_end({without_limit, with_limit});
    CHECK(without_limit.result() == wait_status::would_deadlock);
    CHECK(with_limit.result() == wait_status::would_deadlock);
}

TEST_CASE("of a ring of tasks that wait for each other one is told, and all end", "[deadlock]")
{
    const std::size_t size = GENERATE(2U, 3U, 5U, 17U, 50U);
    const std::size_t workers = GENERATE(1U, 4U);
    test::gate gate;
    std::vector<task_handle> ring;
    vmtask::engine engine({.workers = workers});
    const waits tasks = post_ring(engine, gate, ring, size);

    require_end(tasks);
    CHECK(count(tasks, wait_status::would_deadlock) == 1);
    CHECK(count(tasks, wait_status::completed) == static_cast<std::ptrdiff_t>(size) - 1);
}

TEST_CASE("a wait that was over closes no ring", "[deadlock]")
{
    test::gate begin;
    test::gate first_waited;
    task_handle second_handle;
    vmtask::engine engine({.workers = 2});
    const auto first = engine.post([&](task_context& self) {
        begin.hold_regardless();
        const auto status = second_handle.wait_for_completion(1ms);
        first_waited.hold(self);
        return status;
    });
    const auto second = engine.post([&, first](task_context&) {
        if (!first_waited.reached()) return wait_status::timed_out;
        first_waited.open();
        return first.wait_for_completion(patience);
    });
    second_handle = second;
    begin.open();

    require_end({first, second});
    CHECK(first.result() == wait_status::timed_out);
    CHECK(second.result() == wait_status::completed);
}

TEST_CASE("several tasks may wait for the same one, and it for others", "[deadlock]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 2});
    const task_handle bottom = engine.post([&](task_context& self) { gate.hold(self); });
    const auto wait_for = [&](task_handle awaited) {
        return engine.post([awaited](task_context&) { return awaited.wait_for_completion(patience); });
    };
    const auto middle = wait_for(bottom);
    const waits tops{wait_for(middle), wait_for(middle), wait_for(bottom), wait_for(middle)};
    gate.open();

    require_end(tops);
    CHECK(count(tops, wait_status::completed) == 4);
}

TEST_CASE("a handler that blocks the event loop for a coroutine task is told at once", "[deadlock]")
{
    test::mailbox<wait_status> told;
    vmtask::engine engine({.workers = 1});
    asio::post(engine.get_executor(), [&] {
        const task_handle task = engine.post([](task_context&) -> asio::awaitable<void> { co_return; });
        told.put(task.wait_for_completion());
        told.put(task.wait_for_completion(1h));
    });

    REQUIRE(told.holds(2));
    CHECK(told.letters() == std::vector<wait_status>(2, wait_status::would_deadlock));
}

TEST_CASE("a coroutine body that blocks for another coroutine task, or its own, is told at once", "[deadlock]")
{
    vmtask::engine engine({.workers = 1});
    const auto other = engine.post([&](task_context&) -> asio::awaitable<wait_status> {
        const task_handle inner = engine.post([](task_context&) -> asio::awaitable<void> { co_return; });
        co_return inner.wait_for_completion();
    });
    const auto own = engine.post([&](task_context& self) -> asio::awaitable<wait_status> {
        co_return engine.find(self.id()).wait_for_completion();
    });

    require_end({other, own});
    CHECK(other.result() == wait_status::would_deadlock);
    CHECK(own.result() == wait_status::would_deadlock);
}

TEST_CASE("the event loop is told when its wait leads over workers back to itself", "[deadlock]")
{
    test::gate gate;
    test::mailbox<wait_status> told;
    vmtask::engine engine({.workers = 2});
    test::occupy_event_loop(engine, gate);
    const task_handle coroutine = engine.post([](task_context&) -> asio::awaitable<void> { co_return; });
    const auto waits_for_it = engine.post([coroutine](task_context&) { return coroutine.wait_for_completion(); });
    const auto waits_for_that =
        engine.post([waits_for_it](task_context&) { return waits_for_it.wait_for_completion(); });
    asio::post(engine.get_executor(), [&, waits_for_that] { told.put(waits_for_that.wait_for_completion()); });
    gate.open();

    require_end({waits_for_it, waits_for_that});
    REQUIRE(told.holds(1));
    CHECK(coroutine.is_complete());
    CHECK(told.letters().front() != wait_status::timed_out);
}

TEST_CASE("a worker is told when the event loop waits for it and it for the event loop", "[deadlock]")
{
    test::gate gate;
    test::mailbox<wait_status> told;
    vmtask::engine engine({.workers = 1});
    const auto worker = engine.post([&](task_context&) {
        gate.hold_regardless();
        const task_handle coroutine = engine.post([](task_context&) -> asio::awaitable<void> { co_return; });
        return coroutine.wait_for_completion();
    });
    REQUIRE(gate.reached());
    asio::post(engine.get_executor(), [&, worker] {
        gate.open();
        told.put(worker.wait_for_completion());
    });

    // Whichever wait began last is told; unless the coroutine was quicker.
    require_end({worker});
    REQUIRE(told.holds(1));
    const bool worker_told = worker.result() == wait_status::would_deadlock;
    const bool loop_told = told.letters().front() == wait_status::would_deadlock;
    CHECK_FALSE((worker_told && loop_told));
}

TEST_CASE("with a second thread in the event loop a blocked handler is no deadlock", "[deadlock]")
{
    test::mailbox<wait_status> told;
    vmtask::engine engine({.workers = 1, .event_loop_threads = 2});
    asio::post(engine.get_executor(), [&] {
        const task_handle task = engine.post([](task_context&) -> asio::awaitable<void> { co_return; });
        told.put(task.wait_for_completion(patience));
    });

    REQUIRE(told.holds(1));
    CHECK(told.letters().front() == wait_status::completed);
}

TEST_CASE("when every thread of the event loop would block, the last is told", "[deadlock]")
{
    test::gate gate;
    test::mailbox<wait_status> told;
    vmtask::engine engine({.workers = 1, .event_loop_threads = 3});
    test::occupy_event_loop(engine, gate, 3);
    const task_handle task = engine.post([](task_context&) -> asio::awaitable<void> { co_return; });
    for (int i = 0; i < 3; ++i)
        asio::post(engine.get_executor(), [&, task] { told.put(task.wait_for_completion(patience)); });
    gate.open();

    REQUIRE(told.holds(3));
    for (const auto status : told.letters()) CHECK(status != wait_status::timed_out);
    CHECK(task.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("asynchronous waits close no ring", "[deadlock]")
{
    test::mailbox<std::error_code> heard;
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) {
        engine.find(self.id()).async_wait([&](std::error_code error) { heard.put(error); });
    });

    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    REQUIRE(heard.holds(1));
    CHECK_FALSE(heard.letters().front());
}

TEST_CASE("a task that waits for one that needs what it holds is told at once", "[deadlock][resource]")
{
    vmtask::engine engine({.workers = 2});
    const auto holder = engine.post(
        [&](task_context&) {
            return engine.post([](task_context&) {}, {.claims = {exclusive("disk")}}).wait_for_completion();
        },
        {.claims = {exclusive("disk")}});
    REQUIRE(holder.wait_for_completion(patience) == wait_status::completed);
    CHECK(holder.result() == wait_status::would_deadlock);
}

TEST_CASE("the search for deadlocks sees through others in the line for a resource", "[deadlock][resource]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 2});
    const auto holder = engine.post(
        [&](task_context&) {
            gate.hold_regardless();
            const auto second = engine.post([](task_context&) {}, {.claims = {exclusive("a"), exclusive("b")}});
            const auto third = engine.post([](task_context&) {}, {.claims = {exclusive("b")}});
            return third.wait_for_completion();
        },
        {.claims = {exclusive("a")}});
    REQUIRE(gate.reached());
    // Someone else's claim ends, and is no reason to refuse.
    const auto other = engine.post([&](task_context&) {
        return engine.post([](task_context&) {}, {.claims = {exclusive("c")}}).wait_for_completion();
    });
    REQUIRE(other.wait_for_completion(patience) == wait_status::completed);
    CHECK(other.result() == wait_status::completed);
    gate.open();
    REQUIRE(holder.wait_for_completion(patience) == wait_status::completed);
    CHECK(holder.result() == wait_status::would_deadlock);
}

TEST_CASE("a part that waits for its whole is told at once", "[deadlock][part]")
{
    vmtask::engine engine({.workers = 2});
    task<wait_status> part;
    const auto whole = engine.post([&](task_context& self) {
        part = engine.post([whole = self.handle()](task_context&) { return whole.wait_for_completion(); },
                           {.parent = self.handle()});
    });
    REQUIRE(whole.wait_for_completion(patience) == wait_status::completed);
    CHECK(part.result() == wait_status::would_deadlock);
}

TEST_CASE("a task that waits for one that is to begin after it is told at once", "[deadlock][predecessor]")
{
    vmtask::engine engine({.workers = 2});
    const auto first = engine.post([&](task_context& self) {
        const auto second = engine.post([](task_context&) {}, {.after = {self.handle()}});
        return engine.post([](task_context&) {}, {.after = {second}}).wait_for_completion();
    });
    REQUIRE(first.wait_for_completion(patience) == wait_status::completed);
    CHECK(first.result() == wait_status::would_deadlock);
}

TEST_CASE("a wait for a task in line behind one that runs is no deadlock", "[deadlock][resource][predecessor]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 2});
    const auto holder = engine.post([&](task_context& self) { gate.hold(self); }, {.claims = {exclusive("disk")}});
    const auto waiting = engine.post([&](task_context&) {
        const auto behind = engine.post([](task_context&) {}, {.claims = {exclusive("disk")}});
        return engine.post([](task_context&) {}, {.after = {behind}}).wait_for_completion();
    });
    REQUIRE(gate.reached());
    gate.open();
    REQUIRE(waiting.wait_for_completion(patience) == wait_status::completed);
    CHECK(waiting.result() == wait_status::completed);
}

TEST_CASE("a task that waits for one behind its own place in a lane is told at once", "[deadlock][lane]")
{
    vmtask::engine engine({.workers = 2, .lanes = {{"array", 1}}});
    const auto behind = [&] { return engine.post([](task_context&) {}, {.lane = "array"}); };
    SECTION("directly")
    {
        const auto holder =
            engine.post([&](task_context&) { return behind().wait_for_completion(); }, {.lane = "array"});
        require_end({holder});
        CHECK(holder.result() == wait_status::would_deadlock);
    }
    SECTION("over a task that is to begin after that one")
    {
        const auto holder = engine.post(
            [&](task_context&) {
                return engine.post([](task_context&) {}, {.after = {behind()}}).wait_for_completion(1h);
            },
            {.lane = "array"});
        require_end({holder});
        CHECK(holder.result() == wait_status::would_deadlock);
    }
    SECTION("over a task that waits for that one")
    {
        const auto holder = engine.post(
            [&](task_context&) {
                const auto next = behind();
                return engine.post([next](task_context&) { return next.wait_for_completion(); }).wait_for_completion();
            },
            {.lane = "array"});
        // Of the two waits the one that began last is told.
        require_end({holder});
    }
}

TEST_CASE("a part that waits for a task behind its whole's place in a lane is told at once", "[deadlock][lane][part]")
{
    vmtask::engine engine({.workers = 2, .lanes = {{"array", 1}}});
    task<wait_status> part;
    const auto whole = engine.post(
        [&](task_context& self) {
            const task_handle behind = engine.post([](task_context&) {}, {.lane = "array"});
            part = engine.post([behind](task_context&) { return behind.wait_for_completion(); },
                               {.parent = self.handle()});
        },
        {.lane = "array"});
    REQUIRE(whole.wait_for_completion(patience) == wait_status::completed);
    CHECK(part.result() == wait_status::would_deadlock);
}

TEST_CASE("a wait for a task whose lane another leaves is no deadlock", "[deadlock][lane]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 3, .lanes = {{"array", 2}}});
    const auto other = engine.post([&](task_context& self) { gate.hold(self); }, {.lane = "array"});
    REQUIRE(gate.reached());
    const auto holder = engine.post(
        [&](task_context&) {
            const auto behind = engine.post([](task_context&) {}, {.lane = "array"});
            return behind.wait_for_completion();
        },
        {.lane = "array"});
    REQUIRE(test::eventually([&] { return engine.metrics().workers_blocked == 1; }));
    gate.open();
    require_end({holder});
    CHECK(holder.result() == wait_status::completed);
}

TEST_CASE("a wait with a time-out behind thousands of claims times out", "[deadlock][resource]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 2});
    const auto holder = engine.post([&](task_context& self) { gate.hold(self); }, {.claims = {exclusive("disk")}});
    REQUIRE(gate.reached());
    task_handle last;
    for (int i = 0; i < 2'000; ++i) last = engine.post([](task_context&) {}, {.claims = {exclusive("disk")}});
    const auto waiting = engine.post([last](task_context&) { return last.wait_for_completion(1ms); });
    REQUIRE(waiting.wait_for_completion(patience) == wait_status::completed);
    CHECK(waiting.result() == wait_status::timed_out);
    CHECK(gate.still_holding());
    gate.open();
}
