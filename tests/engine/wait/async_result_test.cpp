// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/coroutine.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"
#include "support/thrown.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace vmtask;
using test::patience;

namespace {

/// What `task.async_result` tells a caller who runs his own executor.
std::pair<std::error_code, std::string> ask(const task<std::string>& task)
{
    asio::io_context caller;
    std::pair<std::error_code, std::string> answer;
    task.async_result(asio::bind_executor(caller, [&](std::exception_ptr failure, std::string text) {
        answer = {test::code_in(failure), std::move(text)};
    }));
    caller.run_for(patience);
    return answer;
}

asio::awaitable<std::string> await_twice(const task<std::string>& task)
{
    std::string first = co_await task.async_result(asio::use_awaitable);
    std::string second = co_await task.async_result(asio::use_awaitable);
    co_return first + second;
}

asio::awaitable<bool> await_failure(const task_handle& task)
{
    bool thrown = false;
    try {
        co_await task.async_result(asio::use_awaitable);
    } catch (const std::out_of_range&) {
        thrown = true;
    }
    co_return thrown;
}

} // namespace

TEST_CASE("everybody who asks for a copyable value gets one", "[async_result]")
{
    vmtask::engine engine;
    const task<std::string> task = engine.post([](task_context&) { return std::string("done"); });
    const std::pair<std::error_code, std::string> expected{{}, "done"};

    CHECK(ask(task) == expected);
    CHECK(ask(task) == expected);
    CHECK(test::run_here(await_twice(task)) == "donedone");
    CHECK(task.async_result(asio::use_future).get() == "done");
    CHECK(task.result() == "done");
}

TEST_CASE("a value that can only be moved goes to the first who asks", "[async_result]")
{
    vmtask::engine engine;
    test::mailbox<std::error_code> refused;
    const auto task = engine.post([](task_context&) { return std::make_unique<int>(7); });

    std::future<std::unique_ptr<int>> first = task.async_result(asio::use_future);
    REQUIRE(first.wait_for(patience) == std::future_status::ready);
    CHECK(*first.get() == 7);
    task.async_result([&](std::exception_ptr failure, std::unique_ptr<int> value) {
        if (!value) refused.put(test::code_in(failure));
    });
    REQUIRE(refused.holds(1));
    CHECK(refused.letters().front() == errc::result_taken);
}

TEST_CASE("a task's failure reaches who asks for its result", "[async_result]")
{
    vmtask::engine engine;
    const task<std::string> coded = engine.post(
        [](task_context&) -> std::string { throw std::system_error(std::make_error_code(std::errc::io_error)); });
    const task<> typed = engine.post([](task_context&) { throw std::out_of_range("block 9"); });

    CHECK(ask(coded) == std::pair(std::make_error_code(std::errc::io_error), std::string()));
    CHECK(test::run_here(await_failure(typed)));
    CHECK(test::run_here(await_failure(task_handle(typed))));
}

TEST_CASE("a cancelled task's result is errc::cancelled", "[async_result]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const task<std::string> task = engine.post([&](task_context& self) {
        gate.hold(self);
        return std::string("done");
    });
    REQUIRE_FALSE(task.request_cancel());

    CHECK(ask(task).first == errc::cancelled);
}

TEST_CASE("a task without a value completes with no exception", "[async_result]")
{
    vmtask::engine engine;
    test::mailbox<bool> failed;
    const task<> task = engine.post([](task_context&) {});
    task.async_result([&](std::exception_ptr failure) { failed.put(failure != nullptr); });
    task_handle(task).async_result([&](std::exception_ptr failure) { failed.put(failure != nullptr); });

    REQUIRE(failed.holds(2));
    CHECK(failed.letters() == std::vector<bool>{false, false});
}

TEST_CASE("giving up the wait for a result is operation_aborted and leaves the value", "[async_result]")
{
    test::gate gate;
    asio::cancellation_signal signal;
    test::mailbox<std::error_code> heard;
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) {
        gate.hold(self);
        return std::make_unique<int>(7);
    });
    task.async_result(asio::bind_cancellation_slot(
        signal.slot(), [&](std::exception_ptr failure, std::unique_ptr<int>) { heard.put(test::code_in(failure)); }));
    signal.emit(asio::cancellation_type::partial);

    REQUIRE(heard.holds(1));
    CHECK(heard.letters().front() == asio::error::operation_aborted);
    gate.open();
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(*task.take_result() == 7);
}

TEST_CASE("asking an empty handle for its result completes with errc::no_task", "[async_result]")
{
    test::mailbox<std::error_code> heard;
    task<int>().async_result([&](std::exception_ptr failure, int) { heard.put(test::code_in(failure)); });
    task<>().async_result([&](std::exception_ptr failure) { heard.put(test::code_in(failure)); });
    task_handle().async_result([&](std::exception_ptr failure) { heard.put(test::code_in(failure)); });

    REQUIRE(heard.holds(3));
    CHECK(heard.letters() == std::vector<std::error_code>(3, errc::no_task));
}
