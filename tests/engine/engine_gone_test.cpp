// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/asio_compat.hpp"
#include "support/catch.hpp"
#include "support/coroutine.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <asio/bind_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <tuple>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using test::patience;

using codes = std::vector<std::error_code>;

namespace {

/// A task that succeeded with 7, and whose engine is gone.
task<int> orphan()
{
    vmtask::engine engine({.workers = 1});
    auto task = engine.post(
        [](task_context& self) {
            self.report_step("last step");
            return 7;
        },
        {.description = "orphan"});
    if (task.wait_for_completion(patience) != wait_status::completed) throw std::runtime_error("did not end");
    return task;
}

asio::awaitable<int> await_all_ways(const task<int>& task)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    co_await task.async_wait(asio::use_awaitable);
    const std::tuple<std::error_code> code = co_await task.async_wait_for(1h, test::as_tuple(asio::use_awaitable));
    const auto first = co_await (task.async_wait(asio::use_awaitable) || timer.async_wait(asio::use_awaitable));
    const int value = co_await task.async_result(asio::use_awaitable);
    co_return std::get<0>(code) || first.index() != 0 ? -1 : value;
}

/// Something that shows, in `watched`, when it is gone.
std::shared_ptr<void> trace(std::weak_ptr<void>& watched)
{
    auto traced = std::make_shared<int>(0);
    watched = traced;
    return traced;
}

} // namespace

TEST_CASE("the destructor cancels, and returns when every task has ended", "[gone]")
{
    test::gate gate;
    std::vector<task_handle> handles;
    {
        vmtask::engine engine({.workers = 1});
        handles.push_back(test::occupy_workers(engine, gate, 1).front());
        handles.push_back(engine.post([](task_context&) {}));
        handles.push_back(engine.post([](task_context&) -> asio::awaitable<void> {
            asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
            co_await timer.async_wait(asio::use_awaitable);
        }));
    }
    for (const auto& task : handles) CHECK(task.state() == task_state::cancelled);
}

TEST_CASE("the destructor tells everyone who waits, however they do", "[gone]")
{
    test::gate gate;
    asio::io_context caller;
    codes own;
    test::mailbox<std::error_code> on_loop;
    test::mailbox<wait_status> blocked;
    std::optional<vmtask::engine> engine(engine_options{.workers = 1});
    const task_handle running = test::occupy_workers(*engine, gate, 1).front();
    const task_handle queued = engine->post([](task_context&) {});
    std::vector<std::future<void>> futures;
    std::vector<std::thread> threads;
    for (const auto& task : {running, queued}) {
        task.async_wait(asio::bind_executor(caller, [&](std::error_code error) { own.push_back(error); }));
        task.async_wait_for(1h, [&](std::error_code error) { on_loop.put(error); });
        futures.push_back(task.async_wait(asio::use_future));
        threads.emplace_back([&, task] { blocked.put(task.wait_for_completion()); });
    }
    engine.reset();

    CHECK(on_loop.letters() == codes(2));
    for (auto& future : futures) CHECK(future.wait_for(patience) == std::future_status::ready);
    for (auto& thread : threads) thread.join();
    CHECK(blocked.letters() == std::vector<wait_status>(2, wait_status::completed));
    caller.run_for(patience);
    CHECK(own == codes(2));
}

TEST_CASE("handlers that were ready on the event loop run before the destructor returns", "[gone]")
{
    test::gate gate;
    std::atomic<int> ran{0};
    {
        vmtask::engine engine({.workers = 1});
        test::occupy_event_loop(engine, gate);
        for (int i = 0; i < 100; ++i) asio::post(engine.get_executor(), [&] { ++ran; });
        std::vector<task<>> tasks;
        for (int i = 0; i < 100; ++i) {
            tasks.push_back(engine.post([](task_context&) {}));
            tasks.back().async_wait([&](std::error_code) { ++ran; });
        }
        for (const auto& task : tasks) REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
        gate.open();
    }
    CHECK(ran == 200);
}

TEST_CASE("what else waits on the engine's executors is destroyed, not run", "[gone]")
{
    std::weak_ptr<void> in_timer;
    std::weak_ptr<void> in_coroutine;
    bool ran = false;
    {
        vmtask::engine engine({.workers = 1});
        auto timer = std::make_shared<asio::steady_timer>(engine.get_executor(), 1h);
        timer->async_wait([&ran, timer, guard = trace(in_timer)](std::error_code) { ran = true; });
        timer.reset();
        const auto sleeper = [](std::shared_ptr<void> guard, bool& woke) -> asio::awaitable<void> {
            asio::steady_timer inner(co_await asio::this_coro::executor, 1h);
            co_await inner.async_wait(asio::use_awaitable);
            woke = guard != nullptr;
        };
        asio::co_spawn(engine.get_executor(), sleeper(trace(in_coroutine), ran), asio::detached);
        REQUIRE(test::settle_event_loop(engine));
        CHECK_FALSE(in_timer.expired());
        CHECK_FALSE(in_coroutine.expired());
    }
    CHECK_FALSE(ran);
    CHECK(in_timer.expired());
    CHECK(in_coroutine.expired());
}

TEST_CASE("a handler that posts itself for ever does not keep the destructor from returning", "[gone]")
{
    class again {
    public:
        again(asio::io_context::executor_type executor, std::atomic<int>& turns) : executor_(executor), turns_(&turns)
        {
        }
        void operator()() const
        {
            ++*turns_;
            asio::post(executor_, *this);
        }

    private:
        asio::io_context::executor_type executor_;
        std::atomic<int>* turns_;
    };
    std::atomic<int> turns{0};
    {
        vmtask::engine engine({.workers = 1});
        asio::post(engine.get_executor(), again(engine.get_executor(), turns));
        asio::post(engine.get_worker_executor(), again(engine.get_worker_executor(), turns));
        REQUIRE(test::eventually([&] { return turns > 10; }));
    }
    SUCCEED("the destructor has returned");
}

TEST_CASE("a handle answers after its engine is gone", "[gone]")
{
    const task<int> task = orphan();

    CHECK(task.state() == task_state::succeeded);
    CHECK(task.is_complete());
    CHECK(task.id() != 0);
    CHECK(task.description() == "orphan");
    CHECK(task.percent_completed() == 100);
    CHECK(task.progress().step == "last step");
    CHECK(task.error() == std::error_code());
    CHECK(task.exception() == nullptr);
    CHECK(task.result() == 7);
    CHECK(task.request_cancel() == errc::already_ended);
    CHECK_FALSE(task.is_cancelable());
    CHECK_FALSE(task.cancel_requested());
    CHECK(task.wait_for_completion() == wait_status::completed);
    CHECK(task.wait_for_completion(0s) == wait_status::completed);
    CHECK(task.take_result() == 7);
}

TEST_CASE("an asynchronous wait begun after the engine is gone completes", "[gone]")
{
    const task<int> task = orphan();
    test::mailbox<std::error_code> heard;
    test::mailbox<std::thread::id> called_on;
    asio::io_context caller;
    const auto note = [&](std::error_code error) {
        called_on.put(std::this_thread::get_id());
        heard.put(error);
    };
    task.async_wait(note);
    task.async_wait_for(0s, note);
    REQUIRE(heard.holds(2));
    for (const auto id : called_on.letters()) CHECK(id != std::this_thread::get_id());

    task.async_wait(asio::bind_executor(caller, note));
    CHECK(heard.letters().size() == 2);
    caller.run_for(patience);
    CHECK(heard.letters() == codes(3));
    CHECK(task.async_result(asio::use_future).get() == 7);
    task.async_wait(asio::use_future).get();
}

TEST_CASE("a coroutine awaits a task whose engine is gone", "[gone]")
{
    CHECK(test::run_here(await_all_ways(orphan())) == 7);
}

TEST_CASE("handles of many engines are told apart", "[gone]")
{
    vmtask::engine one({.workers = 1});
    const task_handle first = one.post([](task_context&) {});
    vmtask::engine other({.workers = 1});
    const task_handle second = other.post([](task_context&) {});

    CHECK_FALSE(first == second);
    CHECK(other.tasks() == std::vector{second});
}

TEST_CASE("engines come and go without work", "[gone]")
{
    for (int i = 0; i < 30; ++i) {
        const vmtask::engine engine({.workers = 3, .event_loop_threads = 2});
        CHECK(engine.tasks().empty());
    }
}

TEST_CASE("a worker of one engine may block for a task of another", "[gone]")
{
    vmtask::engine other({.workers = 1});
    vmtask::engine engine({.workers = 1});
    const auto outer = engine.post([&](task_context&) {
        const task_handle blocking = other.post([](task_context&) {});
        const task_handle coroutine = other.post([](task_context&) -> asio::awaitable<void> { co_return; });
        return std::pair(blocking.wait_for_completion(), coroutine.wait_for_completion(patience));
    });
    REQUIRE(outer.wait_for_completion(patience) == wait_status::completed);
    CHECK(outer.result() == std::pair(wait_status::completed, wait_status::completed));
}
