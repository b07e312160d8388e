// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>
#include <vmtask/task_source.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"
#include "support/thrown.hpp"

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::code_thrown_by;
using test::patience;

namespace {

asio::awaitable<void> sleep_long(task_context&)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    co_await timer.async_wait(asio::use_awaitable);
}

} // namespace

TEST_CASE("a draining shutdown lets every task run to its end", "[shutdown]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    std::vector<task_handle> tasks;
    tasks.push_back(test::occupy_workers(engine, gate, 1).front());
    for (int i = 0; i < 100; ++i) tasks.push_back(engine.post([](task_context&) {}));
    for (int i = 0; i < 10; ++i)
        tasks.push_back(engine.post([](task_context&) -> asio::awaitable<void> { co_return; }));
    gate.open();

    const shutdown_report report = engine.shutdown(shutdown_mode::drain);
    CHECK(report.complete());
    CHECK(report.unfinished.empty());
    for (const auto& task : tasks) CHECK(task.state() == task_state::succeeded);
}

TEST_CASE("a cancelling shutdown ends queued tasks and stops running ones", "[shutdown]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const task_handle running = test::occupy_workers(engine, gate, 1).front();
    const task_handle queued = engine.post([](task_context&) {});
    const task_handle sleeping = engine.post(sleep_long);

    CHECK(engine.shutdown(shutdown_mode::cancel).complete());
    for (const auto& task : {running, queued, sleeping}) CHECK(task.state() == task_state::cancelled);
}

TEST_CASE("a cancelling shutdown lets tasks that are not cancelable run, queued ones too", "[shutdown]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto body = [&](task_context&) { gate.hold_regardless(); };
    const auto running = engine.post(body, {.description = {}, .cancelable = false});
    const auto queued = engine.post(body, {.description = {}, .cancelable = false});
    REQUIRE(gate.reached());
    CHECK(engine.shutdown(shutdown_mode::cancel, 1ms).unfinished.size() == 2);

    gate.open();
    CHECK(engine.shutdown(shutdown_mode::cancel).complete());
    CHECK(running.state() == task_state::succeeded);
    CHECK(queued.state() == task_state::succeeded);
}

TEST_CASE("a shutdown out of time names the tasks that have not ended", "[shutdown]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const task_handle deaf = engine.post([&](task_context&) { gate.hold_regardless(); }, {.description = "deaf"});
    const task_handle queued = engine.post([](task_context&) {});
    REQUIRE(gate.reached());

    const shutdown_report drained = engine.shutdown(shutdown_mode::drain, 5ms);
    CHECK_FALSE(drained.complete());
    CHECK(drained.unfinished == std::vector{deaf, queued});
    CHECK_FALSE(deaf.cancel_requested());

    const shutdown_report cancelled = engine.shutdown(shutdown_mode::cancel, 5ms);
    CHECK(cancelled.unfinished == std::vector{deaf});
    CHECK(cancelled.unfinished.front().description() == "deaf");
    CHECK(deaf.cancel_requested());
    CHECK(queued.state() == task_state::cancelled);

    gate.open();
    CHECK(engine.shutdown(shutdown_mode::cancel, patience).complete());
    CHECK(deaf.state() == task_state::succeeded);
}

TEST_CASE("a shutdown's time limit may be anything", "[shutdown]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    CHECK(engine.shutdown(shutdown_mode::drain, 0s).unfinished.size() == 1);
    CHECK(engine.shutdown(shutdown_mode::drain, -1h).unfinished.size() == 1);
    CHECK(engine.shutdown(shutdown_mode::drain, std::chrono::hours::min()).unfinished.size() == 1);
    const std::chrono::duration<double> no_number(std::numeric_limits<double>::quiet_NaN());
    CHECK(engine.shutdown(shutdown_mode::drain, no_number).unfinished.size() == 1);

    gate.open();
    CHECK(engine.shutdown(shutdown_mode::drain, std::chrono::hours::max()).complete());
}

TEST_CASE("a shutdown takes no further tasks, and says so", "[shutdown]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    REQUIRE_FALSE(engine.shutdown(shutdown_mode::drain, 1ms).complete());
    const auto post_blocking = [&] { engine.post([](task_context&) {}); };
    const auto post_coroutine = [&] { engine.post(sleep_long); };

    CHECK(code_thrown_by(post_blocking) == errc::shutting_down);
    CHECK(code_thrown_by(post_coroutine) == errc::shutting_down);
    CHECK(engine.tasks().size() == 1);
    gate.open();
    REQUIRE(engine.shutdown(shutdown_mode::drain, patience).complete());
    CHECK(code_thrown_by(post_blocking) == errc::shutting_down);
    CHECK(code_thrown_by(post_coroutine) == errc::shutting_down);
}

TEST_CASE("a task that posts during a shutdown is refused and may go on", "[shutdown]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) {
        gate.hold(self);
        return code_thrown_by([&] { engine.post([](task_context&) {}); });
    });
    REQUIRE(gate.reached());
    REQUIRE_FALSE(engine.shutdown(shutdown_mode::drain, 1ms).complete());
    gate.open();

    REQUIRE(engine.shutdown(shutdown_mode::drain, patience).complete());
    CHECK(task.result() == errc::shutting_down);
}

TEST_CASE("a group posts one part after the other while the engine drains, and all succeed", "[shutdown][part]")
{
    constexpr int parts = 100;
    test::gate gate;
    std::atomic<int> ran{0};
    vmtask::engine engine({.workers = 1});
    const auto post_part = [&](task_context& self) {
        return engine.post([&](task_context&) { ++ran; }, {.parent = self.handle()});
    };
    const task<bool> whole = engine.post([&](task_context& self) {
        gate.hold(self);
        for (int i = 0; i < parts; ++i)
            if (post_part(self).wait_for_completion(patience) != wait_status::completed) return false;
        (void)post_part(self); // its end is also the group's
        task_source<int>(engine, {.parent = self.handle()}).set_value(7);
        return true;
    });
    REQUIRE(gate.reached());
    CHECK(engine.shutdown(shutdown_mode::drain, 1ms).unfinished == std::vector<task_handle>{whole});
    gate.open();

    CHECK(engine.shutdown(shutdown_mode::drain, patience).complete());
    CHECK(whole.result());
    CHECK(ran == parts + 1);
    CHECK(engine.metrics().tasks_succeeded == parts + 3);
}

TEST_CASE("while the engine drains, a part of a part is taken, and what is part of nothing is not", "[shutdown][part]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 2});
    vmtask::engine other({.workers = 1});
    const task_handle ended = engine.post([](task_context&) {});
    REQUIRE(ended.wait_for_completion(patience) == wait_status::completed);
    const auto whole = engine.post([&](task_context& self) { gate.hold(self); });
    const auto stranger = other.post([&](task_context& self) { gate.hold(self); });
    REQUIRE(gate.reached(2));
    REQUIRE_FALSE(engine.shutdown(shutdown_mode::drain, 1ms).complete());
    const auto code_of_part = [&](const task_handle& parent) {
        return code_thrown_by([&] { engine.post([](task_context&) {}, {.parent = parent}); });
    };

    CHECK(code_of_part({}) == errc::shutting_down);
    CHECK(code_of_part(ended) == errc::shutting_down);
    CHECK(code_of_part(stranger) == errc::shutting_down);
    const auto part = engine.post([&](task_context& self) { gate.hold(self); }, {.parent = whole});
    CHECK(code_of_part(part) == std::error_code());
    gate.open();
    CHECK(engine.shutdown(shutdown_mode::drain, patience).complete());
    CHECK(whole.state() == task_state::succeeded);
    CHECK(code_of_part(whole) == errc::shutting_down);
}

TEST_CASE("a cancelling shutdown refuses parts too, also of tasks that go on, and also if one drains after it",
          "[shutdown][part]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto whole = engine.post([&](task_context&) { gate.hold_regardless(); });
    REQUIRE(gate.reached());
    const auto code_of_part = [&] {
        return code_thrown_by([&] { engine.post([](task_context&) {}, {.parent = whole}); });
    };

    REQUIRE_FALSE(engine.shutdown(shutdown_mode::cancel, 1ms).complete());
    CHECK(code_of_part() == errc::shutting_down);
    REQUIRE_FALSE(engine.shutdown(shutdown_mode::drain, 1ms).complete());
    CHECK(code_of_part() == errc::shutting_down);
    gate.open();
    CHECK(engine.shutdown(shutdown_mode::drain, patience).complete());
}

TEST_CASE("a shutdown may be repeated, and an idle engine shuts down at once", "[shutdown]")
{
    vmtask::engine engine;
    CHECK(engine.shutdown(shutdown_mode::drain).complete());
    CHECK(engine.shutdown(shutdown_mode::cancel).complete());
    CHECK(engine.shutdown(shutdown_mode::drain, 0s).complete());
}

TEST_CASE("a shutdown by a thread of the engine is refused", "[shutdown]")
{
    test::mailbox<std::error_code> told;
    vmtask::engine engine({.workers = 1});
    const auto try_it = [&] {
        told.put(code_thrown_by([&] { engine.shutdown(shutdown_mode::cancel); }));
        told.put(code_thrown_by([&] { engine.shutdown(shutdown_mode::drain, 1h); }));
    };
    const auto blocking = engine.post([&](task_context&) { try_it(); });
    const auto coroutine = engine.post([&](task_context&) -> asio::awaitable<void> {
        try_it();
        co_return;
    });
    asio::post(engine.get_executor(), try_it);
    asio::post(engine.get_worker_executor(), try_it);

    REQUIRE(told.holds(8));
    CHECK(told.letters() == std::vector<std::error_code>(8, errc::would_deadlock));
    CHECK_NOTHROW(engine.post([](task_context&) {}));
}

TEST_CASE("shutdowns by several threads all return", "[shutdown]")
{
    test::gate gate;
    test::mailbox<bool> complete;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
            const auto mode = i == 0 ? shutdown_mode::cancel : shutdown_mode::drain;
            complete.put(engine.shutdown(mode, patience).complete());
        });
    }
    for (auto& thread : threads) thread.join();
    CHECK(complete.letters() == std::vector<bool>(4, true));
    CHECK(held.front().state() == task_state::cancelled);
}

TEST_CASE("tasks that wait for each other end in a shutdown", "[shutdown]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const task_handle bottom = engine.post([&](task_context& self) { gate.hold(self); });
    const auto middle = engine.post([bottom](task_context&) { return bottom.wait_for_completion(); });
    const auto top = engine.post([middle](task_context&) { return middle.wait_for_completion(); });
    REQUIRE(gate.reached());

    CHECK(engine.shutdown(shutdown_mode::cancel, patience).complete());
    CHECK(bottom.state() == task_state::cancelled);
    CHECK(is_terminal(middle.state()));
    CHECK(is_terminal(top.state()));
}

TEST_CASE("a shutdown leaves nobody behind, whatever the tasks wait for", "[shutdown]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 2, .lanes = {{"lane", 1}}});
    const auto held = [&](task_context& self) { gate.hold(self); };
    const auto holder = engine.post(held, {.lane = "lane", .claims = {exclusive("disk")}});
    REQUIRE(gate.reached());
    const auto nothing = [](task_context&) {};
    std::vector<task_handle> tasks{
        holder,
        engine.post(nothing, {.claims = {exclusive("disk")}}),
        engine.post(nothing, {.lane = "lane"}),
        engine.post(nothing, {.after = {holder}}),
        engine.post(nothing, {.parent = holder}),
        engine.post([](task_context&) -> asio::awaitable<void> { co_return; }, {.claims = {shared("disk")}}),
    };
    const auto paused = engine.post(held);
    REQUIRE(gate.reached(2));
    REQUIRE_FALSE(paused.pause());
    tasks.push_back(paused);
    const auto retried = engine.post([](task_context&) { throw std::runtime_error("on purpose"); },
                                     {.retry = retry_policy{.first_delay = 1h, .longest_delay = 1h}});
    tasks.push_back(retried);
    REQUIRE(test::eventually([&] { return retried.obstacle().kind == obstacle_kind::delay; }));

    CHECK(engine.shutdown(shutdown_mode::cancel, patience).complete());
    for (const auto& task : tasks) CHECK(task.is_complete());
}
