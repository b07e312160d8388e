// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/asio_compat.hpp"
#include "support/catch.hpp"
#include "support/coroutine.hpp"
#include "support/counting_allocator.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <asio/associated_allocator.hpp>
#include <asio/bind_executor.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <future>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;

namespace {

/// A handler with an allocator of its own, as bind_allocator makes one.
template <class Handler>
class with_allocator {
public:
    using allocator_type = test::counting_allocator<void>;

    with_allocator(test::allocation_count& count, Handler handler) : count_(&count), handler_(std::move(handler)) {}
    [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(*count_); }
    template <class... Arguments>
    void operator()(Arguments&&... arguments)
    {
        handler_(std::forward<Arguments>(arguments)...);
    }

private:
    test::allocation_count* count_;
    Handler handler_;
};

asio::awaitable<bool> await_and_stay(const task_handle& task)
{
    const auto home = std::this_thread::get_id();
    co_await task.async_wait(asio::use_awaitable);
    co_return task.is_complete() && std::this_thread::get_id() == home;
}

asio::awaitable<std::error_code> await_as_tuple(const task_handle& task, std::chrono::milliseconds timeout)
{
    const std::tuple<std::error_code> outcome =
        co_await task.async_wait_for(timeout, test::as_tuple(asio::use_awaitable));
    co_return std::get<0>(outcome);
}

asio::awaitable<int> await_deferred(const task<int>& task)
{
    auto wait = task.async_wait(test::deferred);
    co_await std::move(wait)(asio::use_awaitable);
    auto result = task.async_result(test::deferred);
    co_return co_await std::move(result)(asio::use_awaitable);
}

} // namespace

TEST_CASE("a wait can be awaited as a future", "[async][token]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    std::future<void> ended = held.front().async_wait(asio::use_future);
    std::future<void> in_time = held.front().async_wait_for(patience, asio::use_future);
    std::future<std::error_code> code =
        held.front().async_wait_for(1ms, asio::use_future([](std::error_code error) { return error; }));

    REQUIRE(code.wait_for(patience) == std::future_status::ready);
    CHECK(code.get() == errc::timed_out);
    CHECK(ended.wait_for(0s) == std::future_status::timeout);
    gate.open();
    REQUIRE(ended.wait_for(patience) == std::future_status::ready);
    REQUIRE(in_time.wait_for(patience) == std::future_status::ready);
    CHECK_NOTHROW(ended.get());
    CHECK_NOTHROW(in_time.get());
}

TEST_CASE("a coroutine awaits a task on its own executor", "[async][token]")
{
    vmtask::engine engine({.workers = 1});
    const task<> task = engine.post([](task_context&) {});

    CHECK(test::run_here(await_and_stay(task)));
    CHECK(test::run_here(await_and_stay(task)));
}

TEST_CASE("a coroutine can have the error code instead of an exception", "[async][token]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);

    CHECK(test::run_here(await_as_tuple(held.front(), 1ms)) == errc::timed_out);
    gate.open();
    CHECK(test::run_here(await_as_tuple(held.front(), patience)) == std::error_code());
}

TEST_CASE("a deferred wait begins when it is called", "[async][token]")
{
    vmtask::engine engine({.workers = 1});
    const task<int> task = engine.post([](task_context&) { return 42; });

    CHECK(test::run_here(await_deferred(task)) == 42);
}

TEST_CASE("a deferred wait that nobody begins is nothing", "[async][token]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    {
        [[maybe_unused]] auto never_begun = held.front().async_wait(test::deferred);
        [[maybe_unused]] auto neither = held.front().async_wait_for(1ms, test::deferred);
    }
    gate.open();
    CHECK(held.front().wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("a detached wait does no harm", "[async][token]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    held.front().async_wait(asio::detached);
    held.front().async_wait_for(1ms, asio::detached);
    held.front().async_result(asio::detached);
    task_handle().async_wait(asio::detached);

    gate.open();
    CHECK(held.front().wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("an adapted token receives what it adds", "[async][token]")
{
    test::mailbox<int> heard;
    vmtask::engine engine({.workers = 1});
    const task<> task = engine.post([](task_context&) {});
    task.async_wait(test::append([&](std::error_code error, int added) { heard.put(error ? -1 : added); }, 7));

    REQUIRE(heard.holds(1));
    CHECK(heard.letters().front() == 7);
}

TEST_CASE("a wait's memory comes from the handler's allocator and is back before the handler runs", "[async][token]")
{
    test::allocation_count count;
    test::gate gate;
    asio::io_context caller;
    std::vector<long> live_in_handler;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto note = [&](auto&&...) { live_in_handler.push_back(count.live); };
    auto handler = asio::bind_executor(caller, with_allocator(count, note));

    held.front().async_wait(handler);
    CHECK(count.live == 1);
    held.front().async_wait_for(1ms, handler);
    CHECK(caller.run_one_for(patience) == 1);
    CHECK(count.live == 1);
    gate.open();
    caller.run_for(patience);
    CHECK(live_in_handler == std::vector<long>{1, 0});
    CHECK(count.made == 4);
}

TEST_CASE("a wait for an ended task takes memory from the handler's allocator only", "[async][token]")
{
    test::allocation_count count;
    asio::io_context caller;
    std::vector<long> live_in_handler;
    vmtask::engine engine({.workers = 1});
    const task<> task = engine.post([](task_context&) {});
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    const auto note = [&](auto&&...) { live_in_handler.push_back(count.live); };

    task.async_wait(asio::bind_executor(caller, with_allocator(count, note)));
    CHECK(count.live == 1);
    caller.run_for(patience);
    CHECK(live_in_handler == std::vector<long>{0});
}

TEST_CASE("timed-out, given-up and ended waits all give their memory back", "[async][token]")
{
    test::allocation_count count;
    test::gate gate;
    test::mailbox<std::error_code> heard;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    auto handler = with_allocator(count, [&](std::error_code error) { heard.put(error); });
    for (int i = 0; i < 100; ++i) held.front().async_wait_for(1ms, handler);
    for (int i = 0; i < 100; ++i) held.front().async_wait(handler);

    REQUIRE(heard.holds(100));
    gate.open();
    REQUIRE(heard.holds(200));
    CHECK(test::eventually([&] { return count.live == 0; }));
}
