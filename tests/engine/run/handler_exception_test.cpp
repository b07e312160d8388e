// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"
#include "support/thrown.hpp"

#include <asio/post.hpp>

#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;

namespace {

/// What on_handler_exception heard: which code, on which thread.
using escapes = test::mailbox<std::pair<std::error_code, std::thread::id>>;

engine_options with(escapes& heard)
{
    engine_options options{.workers = 1};
    options.on_handler_exception = [&heard](const std::exception_ptr& escaped) {
        heard.put({test::code_in(escaped), std::this_thread::get_id()});
    };
    return options;
}

[[noreturn]] void fail()
{
    throw std::system_error(std::make_error_code(std::errc::io_error));
}

} // namespace

TEST_CASE("an exception that escapes a handler is told, on its thread, which goes on", "[handler_exception]")
{
    escapes heard;
    test::mailbox<std::thread::id> loop;
    test::mailbox<std::thread::id> worker;
    vmtask::engine engine(with(heard));
    for (int i = 0; i < 5; ++i) {
        asio::post(engine.get_executor(), [] { fail(); });
        asio::post(engine.get_worker_executor(), [] { fail(); });
    }
    asio::post(engine.get_executor(), [&] { loop.put(std::this_thread::get_id()); });
    asio::post(engine.get_worker_executor(), [&] { worker.put(std::this_thread::get_id()); });

    REQUIRE(heard.holds(10));
    REQUIRE(loop.holds(1));
    REQUIRE(worker.holds(1));
    int on_loop = 0;
    for (const auto& [code, thread] : heard.letters()) {
        CHECK(code == std::errc::io_error);
        if (thread == loop.letters().front()) ++on_loop;
        else CHECK(thread == worker.letters().front());
    }
    CHECK(on_loop == 5);
}

TEST_CASE("a waiting handler that throws does not keep the others from being told", "[handler_exception]")
{
    test::gate gate;
    escapes heard;
    test::mailbox<std::error_code> told;
    vmtask::engine engine(with(heard));
    const auto held = test::occupy_workers(engine, gate, 1);
    for (int i = 0; i < 5; ++i) {
        held.front().async_wait([](std::error_code) { fail(); });
        held.front().async_wait([&](std::error_code error) { told.put(error); });
        held.front().async_wait_for(1ms, [](std::error_code) { fail(); });
    }
    REQUIRE(heard.holds(5));
    gate.open();
    CHECK(heard.holds(10));
    CHECK(told.holds(5));
    CHECK(held.front().wait_for_completion(patience) == wait_status::completed);
    CHECK(held.front().state() == task_state::succeeded);
}

TEST_CASE("tasks and coroutine tasks run on after a handler threw", "[handler_exception]")
{
    escapes heard;
    vmtask::engine engine(with(heard));
    asio::post(engine.get_executor(), [] { fail(); });
    asio::post(engine.get_worker_executor(), [] { fail(); });
    const task<> blocking = engine.post([](task_context&) {});
    const task<> coroutine = engine.post([](task_context&) -> asio::awaitable<void> { co_return; });

    CHECK(blocking.wait_for_completion(patience) == wait_status::completed);
    CHECK(coroutine.wait_for_completion(patience) == wait_status::completed);
    CHECK(heard.holds(2));
}

TEST_CASE("what a body throws ends its task and is no handler's exception", "[handler_exception]")
{
    escapes heard;
    {
        vmtask::engine engine(with(heard));
        const task<> blocking = engine.post([](task_context&) { fail(); });
        const task<> coroutine = engine.post([](task_context&) -> asio::awaitable<void> {
            fail();
            co_return;
        });
        CHECK(blocking.wait_for_completion(patience) == wait_status::completed);
        CHECK(coroutine.wait_for_completion(patience) == wait_status::completed);
        CHECK(blocking.error() == std::errc::io_error);
        CHECK(coroutine.error() == std::errc::io_error);
    }
    CHECK(heard.letters().empty());
}

TEST_CASE("a handler that throws while the engine ends is told of too", "[handler_exception]")
{
    escapes heard;
    {
        test::gate gate;
        vmtask::engine engine(with(heard));
        test::occupy_event_loop(engine, gate);
        for (int i = 0; i < 3; ++i) asio::post(engine.get_executor(), [] { fail(); });
        gate.open();
    }
    CHECK(heard.letters().size() == 3);
}
