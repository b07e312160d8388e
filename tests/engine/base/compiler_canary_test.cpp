// SPDX-License-Identifier: BSL-1.0
//
// g++ 12 destroys some temporaries of a co_await expression twice: lambdas with
// captures, aggregates, operands of ?:. The documentation therefore shows one
// form only: post first, name the handle, then await. Here that form is proved
// on the compiler at hand, with values that notice a second destruction.

#include <vmtask/engine.hpp>

#include "support/asio_compat.hpp"
#include "support/catch.hpp"
#include "support/coroutine.hpp"

#include <asio/experimental/awaitable_operators.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

using namespace vmtask;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;

namespace {

/// Counts how many of its kind there are; a second destruction shows as a
/// negative count, as does a bitwise copy.
class counted {
public:
    explicit counted(std::atomic<int>& live) noexcept : live_(&live) { ++*live_; }
    counted(const counted& other) noexcept : live_(other.live_), text_(other.text_) { ++*live_; }
    counted(counted&& other) noexcept : live_(other.live_), text_(std::move(other.text_)) { ++*live_; }
    counted& operator=(const counted&) = delete;
    ~counted() { --*live_; }
    [[nodiscard]] std::size_t size() const noexcept { return text_.size(); }

private:
    std::atomic<int>* live_;
    std::string text_ = std::string(100, 'x');
};

asio::awaitable<std::size_t> post_name_await(engine& engine, std::atomic<int>& live)
{
    const counted held(live);
    auto task = engine.post([held](task_context&) { return held.size(); });
    co_await task.async_wait(asio::use_awaitable);
    co_return task.result();
}

asio::awaitable<std::size_t> post_with_options(engine& engine, std::atomic<int>& live)
{
    const counted held(live);
    auto task = engine.post([held](task_context&) { return held.size(); }, {.description = "with options"});
    const std::size_t size = co_await task.async_result(asio::use_awaitable);
    co_return size;
}

asio::awaitable<std::size_t> post_coroutine(engine& engine, std::atomic<int>& live)
{
    const counted held(live);
    auto task = engine.post([held](task_context&) -> asio::awaitable<std::size_t> {
        asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
        co_await timer.async_wait(asio::use_awaitable);
        co_return held.size();
    });
    const std::size_t size = co_await task.async_result(asio::use_awaitable);
    co_return size;
}

asio::awaitable<std::size_t> await_in_time(engine& engine, std::atomic<int>& live)
{
    const counted held(live);
    auto task = engine.post([held](task_context&) { return std::make_unique<counted>(held); });
    const std::tuple<std::error_code> outcome = co_await task.async_wait_for(1h, test::as_tuple(asio::use_awaitable));
    if (std::get<0>(outcome)) co_return 0;
    const std::unique_ptr<counted> result = task.take_result();
    co_return result->size();
}

asio::awaitable<std::size_t> await_either(engine& engine, std::atomic<int>& live)
{
    const counted held(live);
    auto task = engine.post([held](task_context&) { return held.size(); });
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    const auto first = co_await (task.async_wait(asio::use_awaitable) || timer.async_wait(asio::use_awaitable));
    co_return first.index() == 0 ? task.result() : 0;
}

asio::awaitable<std::size_t> await_in_a_condition(engine& engine, std::atomic<int>& live)
{
    const counted held(live);
    auto task = engine.post([held](task_context&) { return held.size(); });
    std::size_t size = 0;
    for (int i = 0; i < 3; ++i) {
        if (co_await task.async_result(asio::use_awaitable) == 100) size = task.result();
    }
    co_return size;
}

} // namespace

TEST_CASE("posting first, naming the handle and then awaiting destroys everything once", "[canary]")
{
    std::atomic<int> live{0};
    {
        vmtask::engine engine({.workers = 1});
        CHECK(test::run_here(post_name_await(engine, live)) == 100);
        CHECK(test::run_here(post_with_options(engine, live)) == 100);
        CHECK(test::run_here(post_coroutine(engine, live)) == 100);
        CHECK(test::run_here(await_in_time(engine, live)) == 100);
        CHECK(test::run_here(await_either(engine, live)) == 100);
        CHECK(test::run_here(await_in_a_condition(engine, live)) == 100);
    }
    CHECK(live == 0);
}
