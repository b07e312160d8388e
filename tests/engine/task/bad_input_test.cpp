// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"
#include "support/thrown.hpp"

#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::code_thrown_by;
using test::patience;

namespace {

/// What a full or closed engine says to one more task.
std::error_code code_of_post(engine& engine)
{
    return code_thrown_by([&] { engine.post([](task_context&) {}); });
}

} // namespace

TEST_CASE("a null body is refused with errc::no_body, and no task is made", "[bad_input]")
{
    vmtask::engine engine;
    void (*const null_function)(task_context&) = nullptr;
    const std::function<int(task_context&)> empty;
    asio::awaitable<void> (*const null_coroutine)(task_context&) = nullptr;

    CHECK(code_thrown_by([&] { engine.post(null_function); }) == errc::no_body);
    CHECK(code_thrown_by([&] { engine.post(empty); }) == errc::no_body);
    CHECK(code_thrown_by([&] { engine.post(std::function<void(task_context&)>()); }) == errc::no_body);
    CHECK(code_thrown_by([&] { engine.post(null_coroutine); }) == errc::no_body);
    CHECK(engine.tasks().empty());
}

TEST_CASE("more tasks than the queue holds are refused with errc::queue_full", "[bad_input]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1, .queue_limit = 3});
    const auto held = test::occupy_workers(engine, gate, 1);
    std::vector<task<>> queued;
    for (int i = 0; i < 3; ++i) queued.push_back(engine.post([](task_context&) {}));

    for (int i = 0; i < 5; ++i) CHECK(code_of_post(engine) == errc::queue_full);
    CHECK(engine.tasks().size() == 4);
    gate.open();
    REQUIRE(queued.back().wait_for_completion(patience) == wait_status::completed);
    CHECK(code_of_post(engine) == std::error_code());
}

TEST_CASE("a cancelled queued task leaves its place in the queue to another", "[bad_input]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1, .queue_limit = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    for (int i = 0; i < 10; ++i) {
        const task<> queued = engine.post([](task_context&) {});
        CHECK(code_of_post(engine) == errc::queue_full);
        REQUIRE_FALSE(queued.request_cancel());
    }
    CHECK(engine.post([](task_context&) {}).state() == task_state::queued);
    gate.open();
}

TEST_CASE("the queue's bound holds for coroutine bodies too", "[bad_input]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1, .queue_limit = 2});
    test::occupy_event_loop(engine, gate);
    const auto body = [](task_context&) -> asio::awaitable<void> { co_return; };
    const task<> first = engine.post(body);
    const task<> second = engine.post(body);

    CHECK(code_thrown_by([&] { engine.post(body); }) == errc::queue_full);
    gate.open();
    REQUIRE(second.wait_for_completion(patience) == wait_status::completed);
    CHECK(code_thrown_by([&] { engine.post(body); }) == std::error_code());
}

TEST_CASE("a queue limit of 0 is no bound", "[bad_input]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1, .queue_limit = 0});
    const auto held = test::occupy_workers(engine, gate, 1);
    for (int i = 0; i < 10'000; ++i) REQUIRE_NOTHROW(engine.post([](task_context&) {}));
    gate.open();
}

TEST_CASE("every member of an empty handle says errc::no_task", "[bad_input]")
{
    const task_handle empty;
    const task<int> typed;
    const std::vector<std::function<void()>> members{
        [&] { (void)empty.id(); },
        [&] { (void)empty.description(); },
        [&] { (void)empty.state(); },
        [&] { (void)empty.is_complete(); },
        [&] { (void)empty.is_cancelable(); },
        [&] { (void)empty.cancel_requested(); },
        [&] { (void)empty.percent_completed(); },
        [&] { (void)empty.progress(); },
        [&] { (void)empty.error(); },
        [&] { (void)empty.exception(); },
        [&] { (void)empty.outcome(); },
        [&] { empty.result(); },
        [&] { empty.request_cancel(); },
        [&] { (void)empty.wait_for_completion(); },
        [&] { (void)empty.wait_for_completion(1ms); },
        [&] { (void)empty.wait_for_completion(0ms); },
        [&] { (void)typed.result(); },
        [&] { (void)typed.take_result(); },
    };
    for (const auto& use : members) CHECK(code_thrown_by(use) == errc::no_task);
}

TEST_CASE("asynchronous waits on an empty handle complete with errc::no_task, not inside the call", "[bad_input]")
{
    const task_handle empty;
    asio::io_context caller;
    std::vector<std::error_code> heard;
    auto note = asio::bind_executor(caller, [&](std::error_code error) { heard.push_back(error); });
    empty.async_wait(note);
    empty.async_wait_for(1h, note);
    empty.async_wait_for(-1h, note);
    CHECK(heard.empty());
    caller.run_for(patience);

    CHECK(heard == std::vector<std::error_code>(3, errc::no_task));
    CHECK(code_thrown_by([&] { empty.async_wait(asio::use_future).get(); }) == errc::no_task);
}

TEST_CASE("a handle that was moved from is empty", "[bad_input]")
{
    vmtask::engine engine;
    task<int> from = engine.post([](task_context&) { return 7; });
    const task<int> to = std::move(from);

    CHECK_FALSE(static_cast<bool>(from)); // NOLINT: that is the question
    REQUIRE(to.wait_for_completion(patience) == wait_status::completed);
    CHECK(to.result() == 7);
}

TEST_CASE("a description may be enormous, empty or anything", "[bad_input]")
{
    vmtask::engine engine;
    const std::string enormous(1 << 20, 'x');
    const std::string odd("a\0b\n\xFF", 5);

    CHECK(engine.post([](task_context&) {}, {.description = enormous}).description() == enormous);
    CHECK(engine.post([](task_context&) {}, {.description = odd}).description() == odd);
}
