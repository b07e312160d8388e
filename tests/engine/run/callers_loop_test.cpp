// SPDX-License-Identifier: BSL-1.0
//
// An engine whose event loop is an io_context of the caller's.
#include <vmtask/engine.hpp>
#include <vmtask/when_all.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"
#include "support/patience.hpp"
#include "support/thrown.hpp"

#include <asio/awaitable.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::code_thrown_by;
using test::patience;

namespace {

engine_options on(asio::io_context& loop, std::size_t threads = 1)
{
    return {.workers = 1, .event_loop = loop.get_executor(), .event_loop_threads = threads, .events = {.kept = 16}};
}

asio::awaitable<int> seven(task_context&)
{
    co_return 7;
}

asio::awaitable<void> sleep_long(task_context&)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    co_await timer.async_wait(asio::use_awaitable);
}

/// A caller's io_context and the threads that run it.
class running_loop {
public:
    explicit running_loop(int threads = 1)
    {
        for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { loop_.run(); });
    }
    ~running_loop()
    {
        loop_.stop();
        for (std::thread& each : threads_) each.join();
    }
    running_loop(const running_loop&) = delete;
    running_loop& operator=(const running_loop&) = delete;

    [[nodiscard]] asio::io_context& loop() noexcept { return loop_; }
    /// Calls it in a handler, and returns what it returns.
    template <class Function>
    auto call(Function function)
    {
        const auto called = std::make_shared<std::packaged_task<decltype(function())()>>(std::move(function));
        auto result = called->get_future();
        asio::post(loop_, [called] { (*called)(); });
        if (result.wait_for(patience) != std::future_status::ready)
            throw std::runtime_error("the loop does not get on");
        return result.get();
    }

private:
    asio::io_context loop_;
    asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
    std::vector<std::thread> threads_;
};

} // namespace

TEST_CASE("coroutines and handlers run where the caller runs his loop", "[loop]")
{
    asio::io_context loop;
    engine engine(on(loop));
    std::vector<std::thread::id> ran_on;
    const auto body = engine.post([&](task_context&) -> asio::awaitable<void> {
        ran_on.push_back(std::this_thread::get_id());
        co_return;
    });
    const auto value = engine.post(seven);
    body.async_wait([&](std::error_code) { ran_on.push_back(std::this_thread::get_id()); });
    when_all(body, value).async_wait([&](std::error_code) { ran_on.push_back(std::this_thread::get_id()); });

    loop.run_for(patience);

    CHECK(ran_on == std::vector(3, std::this_thread::get_id()));
    CHECK(value.result() == 7);
    CHECK(engine.get_executor() == loop.get_executor());
}

TEST_CASE("the caller's loop has work while a coroutine has not ended", "[loop]")
{
    asio::io_context loop;
    test::gate gate;
    engine engine(on(loop));
    const auto before = test::occupy_workers(engine, gate, 1);
    const auto coroutine = engine.post(seven, {.after = {before.front()}});

    loop.poll();
    CHECK_FALSE(loop.stopped());
    gate.open();
    loop.run_for(patience);

    CHECK(loop.stopped());
    CHECK(coroutine.result() == 7);
}

TEST_CASE("the caller's loop has work while a wait for a handler is pending", "[loop]")
{
    asio::io_context loop;
    test::gate gate;
    engine engine(on(loop));
    const auto held = test::occupy_workers(engine, gate, 1);
    int calls = 0;
    const auto count = [&](auto&&...) { ++calls; };
    SECTION("for one task")
    {
        held.front().async_wait(count);
    }
    SECTION("for several")
    {
        when_all(held).async_wait(count);
    }
    SECTION("with a time-out")
    {
        held.front().async_wait_for(1h, count);
    }

    loop.poll();
    CHECK_FALSE(loop.stopped());
    gate.open();
    loop.run_for(patience);

    CHECK(loop.stopped());
    CHECK(calls == 1);
}

TEST_CASE("time-outs and blocking bodies do not need the caller's loop", "[loop]")
{
    test::gate gate;
    running_loop caller;
    engine engine(on(caller.loop()));
    test::occupy_event_loop(engine, gate);

    const auto stuck = engine.post(seven);
    CHECK(engine.post([](task_context&) { return 1; }).wait_for_completion(patience) == wait_status::completed);
    CHECK(stuck.wait_for_completion(1ms) == wait_status::timed_out);
    CHECK(gate.still_holding());

    gate.open();
    CHECK(stuck.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("a wait on the caller's loop that needs the loop would deadlock", "[loop]")
{
    running_loop caller;
    engine engine(on(caller.loop()));
    const auto wait_here = [&](const task_handle& task) {
        return caller.call([&] { return task.wait_for_completion(patience); });
    };

    CHECK(wait_here(engine.post([](task_context&) {})) == wait_status::completed);
    const auto status = caller.call([&] { return engine.post(seven).wait_for_completion(); });
    CHECK(status == wait_status::would_deadlock);
    // Through a body that waits for a coroutine.
    const auto through = caller.call([&] {
        return engine.post([&](task_context&) { (void)engine.post(seven).wait_for_completion(); })
            .wait_for_completion(patience);
    });
    CHECK(through != wait_status::timed_out);
}

TEST_CASE("a wait on one of two threads of the caller's loop leaves the other", "[loop]")
{
    running_loop caller(2);
    engine engine(on(caller.loop(), 2));
    CHECK(caller.call([&] { return engine.post(seven).wait_for_completion(); }) == wait_status::completed);
}

TEST_CASE("a wait that needs the loop of another engine there would deadlock", "[loop]")
{
    running_loop caller;
    engine one(on(caller.loop()));
    engine other(on(caller.loop()));
    const auto status = caller.call([&] {
        const auto needed = other.post(seven);
        return one.post([](task_context&) {}, {.after = {needed}}).wait_for_completion();
    });
    CHECK(status == wait_status::would_deadlock);
}

TEST_CASE("a checkpoint of a paused coroutine does not keep the caller's loop", "[loop][pause]")
{
    running_loop caller;
    engine engine(on(caller.loop()));
    const auto task = engine.post([&](task_context& self) -> asio::awaitable<void> {
        (void)engine.tasks().front().pause();
        self.checkpoint();
        co_return;
    });
    CHECK(task.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("a cancel reaches a coroutine on the caller's loop", "[loop][cancel]")
{
    running_loop caller(2);
    engine engine(on(caller.loop(), 2));
    for (int i = 0; i < 200; ++i) {
        const auto task = engine.post(sleep_long);
        task.request_cancel();
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
        CHECK(task.state() == task_state::cancelled);
    }
}

TEST_CASE("shutdown on the caller's loop is refused", "[loop][shutdown]")
{
    running_loop caller;
    engine engine(on(caller.loop()));
    const auto refusal = caller.call([&] { return code_thrown_by([&] { engine.shutdown(shutdown_mode::cancel); }); });
    CHECK(refusal == errc::would_deadlock);
    CHECK(engine.post(seven).wait_for_completion(patience) == wait_status::completed);
    CHECK(engine.shutdown(shutdown_mode::drain).unfinished.empty());
}

TEST_CASE("an engine goes while the caller's loop runs", "[loop][shutdown]")
{
    running_loop caller;
    std::optional<engine> engine(on(caller.loop()));
    const auto task = engine->post(sleep_long);
    SECTION("elsewhere")
    {
        engine.reset();
        CHECK(task.is_complete());
    }
    SECTION("in one of the loop's handlers")
    {
        caller.call([&] {
            engine.reset();
            return 0;
        });
    }
    CHECK(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::cancelled);
}

TEST_CASE("a wait for a task of an engine that is gone is told on the caller's loop", "[loop][shutdown]")
{
    asio::io_context loop;
    std::optional<engine> engine(on(loop));
    const auto task = engine->post([](task_context&) {});
    engine.reset();

    std::thread::id told_on;
    task.async_wait([&](std::error_code) { told_on = std::this_thread::get_id(); });
    loop.run_for(patience);
    CHECK(told_on == std::this_thread::get_id());
}

TEST_CASE("an engine goes though nobody runs the caller's loop yet", "[loop][shutdown]")
{
    asio::io_context loop;
    task<int> task;
    {
        engine engine(on(loop));
        task = engine.post(seven);
    }
    CHECK(task.state() == task_state::cancelled);
}

TEST_CASE("an engine that goes leaves a coroutine to a loop that has stopped", "[loop][shutdown]")
{
    std::optional<asio::io_context> loop(std::in_place);
    test::gate begun;
    test::gate waited;
    std::atomic<bool> body_has_ended{false};
    std::optional<engine> engine(engine_options{.workers = 2, .event_loop = loop->get_executor()});
    const auto coroutine = engine->post(sleep_long);
    loop->poll();
    REQUIRE(coroutine.state() == task_state::running);
    // Waits for the coroutine, and so would never end; before the cancel is through.
    const auto body = engine->post([&](task_context& self) {
        const std::stop_callback cancelled(self.stop_token(), [&] { waited.hold_regardless(); });
        begun.hold_regardless();
        while (!self.stop_requested()) std::this_thread::yield();
        const wait_status status = coroutine.wait_for_completion();
        waited.open();
        body_has_ended = true;
        return status;
    });
    begun.open();
    REQUIRE(begun.reached());
    loop->stop();

    engine.reset();
    CHECK(body_has_ended);
    CHECK(body.result() == wait_status::would_deadlock);
    CHECK_FALSE(coroutine.is_complete());

    SECTION("which runs again")
    {
        loop->restart();
        loop->run_for(patience);
        CHECK(coroutine.state() == task_state::cancelled);
    }
    SECTION("which goes")
    {
        loop.reset();
        CHECK(coroutine.wait_for_completion(patience) == wait_status::completed);
        CHECK(coroutine.error() == errc::abandoned);
    }
}

TEST_CASE("the caller's loop goes before the engine", "[loop]")
{
    std::optional<asio::io_context> loop(std::in_place);
    test::gate gate;
    engine engine(on(*loop));
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto under_way = engine.post(sleep_long);
    loop->poll();
    const auto on_its_way = engine.post(seven);
    const auto queued = engine.post(seven, {.after = {held.front()}});
    const auto dropped = std::make_shared<int>();
    held.front().async_wait([dropped](std::error_code) {});
    when_all(held).async_wait([dropped](std::error_code) {});
    event_subscription events = engine.subscribe();
    events.deliver_to(engine.get_executor(), [dropped](std::error_code, const event_batch&) {});

    loop.reset();
    CHECK(dropped.use_count() == 1);
    for (const task_handle& each : {task_handle(under_way), task_handle(on_its_way)}) {
        REQUIRE(each.wait_for_completion(patience) == wait_status::completed);
        CHECK(each.error() == errc::abandoned);
    }
    CHECK_FALSE(queued.is_complete());
    gate.open();
    REQUIRE(queued.wait_for_completion(patience) == wait_status::completed);
    CHECK(queued.error() == errc::abandoned);

    const auto late = engine.post(seven);
    REQUIRE(late.wait_for_completion(patience) == wait_status::completed);
    CHECK(late.error() == errc::abandoned);
    const auto body = engine.post([](task_context&) { return 1; });
    std::promise<void> told;
    body.async_wait([&](std::error_code) { told.set_value(); });
    CHECK(told.get_future().wait_for(patience) == std::future_status::ready);
    (void)engine.metrics();
    engine.shutdown(shutdown_mode::cancel);
}

TEST_CASE("a body hears of its time limit though the caller's loop has gone", "[loop][limit]")
{
    std::optional<asio::io_context> loop(std::in_place);
    test::gate passed;
    engine engine(on(*loop));
    const auto body = engine.post(
        [&](task_context& self) {
            std::promise<void> told;
            const std::stop_callback tells(self.stop_token(), [&] { told.set_value(); });
            while (!self.stop_requested()) std::this_thread::yield();
            passed.open();
            if (told.get_future().wait_for(patience) != std::future_status::ready) throw std::runtime_error("not told");
        },
        {.limits = {.running = 1ms}});
    while (passed.still_holding() && !body.is_complete()) std::this_thread::yield();
    loop.reset();
    REQUIRE(body.wait_for_completion(patience) == wait_status::completed);
    CHECK(body.state() == task_state::succeeded);
}

TEST_CASE("progress comes as events by the caller's loop", "[loop][events]")
{
    running_loop caller;
    test::gate gate;
    engine engine(
        {.workers = 1, .event_loop = caller.loop().get_executor(), .events = {.kept = 64, .progress_interval = 1ms}});
    event_subscription events = engine.subscribe();
    const auto task = engine.post([&](task_context& self) {
        self.report_progress(0.5);
        gate.hold_regardless();
    });
    for (bool has_progressed = false; !has_progressed;) {
        std::future<event_batch> batch = events.async_next(asio::use_future);
        REQUIRE(batch.wait_for(patience) == std::future_status::ready);
        for (const task_event& each : batch.get().events)
            has_progressed = has_progressed || each.kind == task_event_kind::progressed;
    }
    gate.open();
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
}
