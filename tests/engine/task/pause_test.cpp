// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>
#include <vmtask/task_source.hpp>

#include "support/asio_compat.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <asio/awaitable.hpp>
#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <atomic>
#include <stdexcept>
#include <system_error>
#include <vector>

using namespace vmtask;
using test::eventually;
using test::patience;

namespace {

void nothing(task_context&) {}

/// Runs through checkpoints until the gate is open.
struct busy {
    test::gate& gate;
    void operator()(task_context& self) const { gate.hold(self); }
};

bool is_paused(const task_handle& task)
{
    return eventually([&] { return task.state() == task_state::paused; });
}

} // namespace

TEST_CASE("a paused body stays in its checkpoint until it is resumed", "[pause]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto task = engine.post(busy{gate});
    REQUIRE(gate.reached());
    CHECK_FALSE(task.pause());
    CHECK(is_paused(task));
    gate.open();
    CHECK(task.wait_for_completion(std::chrono::milliseconds(1)) == wait_status::timed_out);
    CHECK(task.state() == task_state::paused);
    CHECK_FALSE(task.resume());
    CHECK(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::succeeded);
}

TEST_CASE("pauses are counted", "[pause]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto task = engine.post(busy{gate});
    REQUIRE(gate.reached());
    CHECK(task.resume() == errc::not_paused);
    CHECK_FALSE(task.pause());
    CHECK_FALSE(task.pause());
    CHECK(is_paused(task));
    CHECK_FALSE(task.resume());
    CHECK(task.state() == task_state::paused);
    CHECK_FALSE(task.resume());
    CHECK(eventually([&] { return task.state() == task_state::running; }));
    CHECK(task.resume() == errc::not_paused);
    gate.open();
    CHECK(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.pause() == errc::already_ended);
    CHECK(task.resume() == errc::already_ended);
}

TEST_CASE("a paused body costs the pool no worker", "[pause][spare_worker]")
{
    test::gate gate;
    engine engine({.workers = 1});
    std::vector<task<>> paused;
    for (int i = 1; i <= 5; ++i) {
        paused.push_back(engine.post(busy{gate}));
        REQUIRE(gate.reached(i));
        REQUIRE_FALSE(paused.back().pause());
        REQUIRE(is_paused(paused.back()));
    }
    CHECK(engine.post(nothing).wait_for_completion(patience) == wait_status::completed);
    gate.open();
    for (const auto& each : paused) CHECK_FALSE(each.resume());
    for (const auto& each : paused) CHECK(each.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("without a spare worker a body goes on rather than to stop the pool", "[pause][spare_worker]")
{
    test::gate gate;
    engine engine({.workers = 1, .spare_workers = 0});
    const auto task = engine.post(busy{gate});
    REQUIRE(gate.reached());
    CHECK_FALSE(task.pause());
    gate.open();
    CHECK(task.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("a paused task that is queued does not begin, and others pass it", "[pause]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto blocker = test::occupy_workers(engine, gate, 1).front();
    const auto held = engine.post(nothing);
    const auto other = engine.post(nothing);
    CHECK_FALSE(held.pause());
    CHECK(held.obstacle().kind == obstacle_kind::hold);
    gate.open();
    CHECK(other.wait_for_completion(patience) == wait_status::completed);
    CHECK(held.state() == task_state::queued);
    CHECK_FALSE(held.resume());
    CHECK(held.wait_for_completion(patience) == wait_status::completed);
    CHECK(held.state() == task_state::succeeded);
}

TEST_CASE("a paused task can be cancelled, whether it is queued or has begun", "[pause][cancel]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto running = engine.post(busy{gate});
    REQUIRE(gate.reached());
    const auto queued = engine.post(nothing);
    CHECK_FALSE(queued.pause());
    CHECK_FALSE(running.pause());
    CHECK(is_paused(running));
    const auto passed = engine.post(nothing);
    CHECK(passed.wait_for_completion(patience) == wait_status::completed);

    CHECK_FALSE(queued.request_cancel());
    CHECK(queued.state() == task_state::cancelled);
    CHECK_FALSE(running.request_cancel());
    CHECK(running.wait_for_completion(patience) == wait_status::completed);
    CHECK(running.state() == task_state::cancelled);
}

TEST_CASE("a coroutine pauses in its asynchronous checkpoint, and the loop goes on", "[pause][coroutine]")
{
    std::atomic<bool> go_on{false};
    std::atomic<int> rounds{0};
    engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) -> asio::awaitable<void> {
        while (!go_on) {
            ++rounds;
            co_await self.async_checkpoint(asio::use_awaitable);
        }
    });
    REQUIRE(eventually([&] { return rounds > 3; }));
    CHECK_FALSE(task.pause());
    CHECK(is_paused(task));
    CHECK(test::settle_event_loop(engine));
    go_on = true;
    CHECK(test::settle_event_loop(engine));
    CHECK(task.state() == task_state::paused);
    CHECK_FALSE(task.resume());
    CHECK(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::succeeded);
}

TEST_CASE("a paused coroutine can be cancelled", "[pause][coroutine][cancel]")
{
    engine engine({.workers = 1});
    const auto task = engine.post([](task_context& self) -> asio::awaitable<void> {
        for (;;) co_await self.async_checkpoint(asio::use_awaitable);
    });
    REQUIRE(eventually([&] { return task.state() == task_state::running; }));
    CHECK_FALSE(task.pause());
    CHECK(is_paused(task));
    CHECK_FALSE(task.request_cancel());
    CHECK(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::cancelled);
}

TEST_CASE("a checkpoint that outstays its coroutine completes when that ends", "[pause][coroutine]")
{
    test::mailbox<std::error_code> heard;
    engine engine({.workers = 1});
    const bool throws = GENERATE(true, false);
    const auto task = engine.post([&](task_context& self) -> asio::awaitable<void> {
        (void)self.handle().pause();
        self.async_checkpoint([&](std::error_code error) { heard.put(error); });
        if (throws) throw std::runtime_error("before the checkpoint was over");
        co_return;
    });
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == (throws ? task_state::failed : task_state::succeeded));
    REQUIRE(heard.holds(1));
    CHECK(heard.letters() == std::vector{std::error_code()});
}

TEST_CASE("a paused coroutine task that is queued does not begin", "[pause][coroutine]")
{
    test::gate gate;
    engine engine({.workers = 1});
    test::occupy_event_loop(engine, gate);
    const auto task = engine.post([](task_context&) -> asio::awaitable<void> { co_return; });
    CHECK_FALSE(task.pause());
    gate.open();
    CHECK(test::settle_event_loop(engine));
    CHECK(task.state() == task_state::queued);
    CHECK_FALSE(task.resume());
    CHECK(task.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("a cancelling shutdown leaves nobody paused", "[pause][shutdown]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto running = engine.post(busy{gate});
    REQUIRE(gate.reached());
    const auto queued = engine.post(nothing);
    CHECK_FALSE(queued.pause());
    CHECK_FALSE(running.pause());
    CHECK(is_paused(running));
    CHECK(engine.shutdown(shutdown_mode::cancel).complete());
    CHECK(running.state() == task_state::cancelled);
    CHECK(queued.state() == task_state::cancelled);
}

TEST_CASE("an engine that goes resumes tasks that can only run to their end", "[pause][shutdown]")
{
    test::gate gate;
    task<> running;
    task<> queued;
    {
        engine engine({.workers = 1});
        running = engine.post(busy{gate}, {.cancelable = false});
        REQUIRE(gate.reached());
        queued = engine.post(nothing, {.cancelable = false});
        CHECK_FALSE(queued.pause());
        CHECK_FALSE(running.pause());
        CHECK_FALSE(running.pause());
        REQUIRE(is_paused(running));
        CHECK(engine.shutdown(shutdown_mode::cancel, std::chrono::milliseconds(1)).unfinished
              == std::vector<task_handle>{running, queued});
        gate.open();
    }
    CHECK(running.state() == task_state::succeeded);
    CHECK(queued.state() == task_state::succeeded);
}

TEST_CASE("a checkpoint that has nothing to wait for tells of a cancel that comes before its handler",
          "[pause][cancel]")
{
    asio::io_context loop;
    engine engine({.workers = 1});
    const task_source<> source(engine);
    std::error_code told;
    source.context().async_checkpoint(asio::bind_executor(loop, [&](std::error_code error) { told = error; }));
    REQUIRE_FALSE(source.handle().request_cancel());
    loop.run();
    CHECK(told == errc::cancelled);
}
