// SPDX-License-Identifier: BSL-1.0
//
// Code of the user's that ends the engine's thread from inside, as an
// interpreter does at its end while a body calls back into it.
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <asio/post.hpp>

#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include <pthread.h>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;

#ifdef __GLIBCXX__

namespace {

[[noreturn]] void end_this_thread()
{
    ::pthread_exit(nullptr);
}

/// Whether both executors and the workers still do something.
bool goes_on(engine& engine)
{
    test::mailbox<bool> told;
    asio::post(engine.get_worker_executor(), [&] { told.put(true); });
    asio::post(engine.get_executor(), [&] { told.put(true); });
    const task<> next = engine.post([](task_context&) {});
    return told.holds(2) && next.wait_for_completion(patience) == wait_status::completed;
}

} // namespace

TEST_CASE("a body that ends its thread has failed, and another thread goes on", "[forced_unwind]")
{
    test::mailbox<std::error_code> told;
    vmtask::engine engine({.workers = 1});
    for (int i = 0; i < 3; ++i) {
        const task<> ended = engine.post([](task_context&) { end_this_thread(); });
        ended.async_wait([&](std::error_code error) { told.put(error); });
        REQUIRE(ended.wait_for_completion(patience) == wait_status::completed);
        CHECK(ended.error() == errc::abandoned);
    }
    CHECK(told.holds(3));
    CHECK(goes_on(engine));
    CHECK(engine.metrics().workers == 1);
    CHECK(engine.metrics().tasks_failed == 3);
}

TEST_CASE("a task on terms whose body ends its thread lets go of what it had", "[forced_unwind]")
{
    vmtask::engine engine({.workers = 2, .lanes = {{.name = "array", .limit = 1}}});
    const task_options terms{.lane = "array", .claims = {exclusive("disk")}};
    const task<> ended = engine.post([](task_context&) { end_this_thread(); }, terms);
    const task<> next = engine.post([](task_context&) {}, terms);

    REQUIRE(next.wait_for_completion(patience) == wait_status::completed);
    CHECK(ended.error() == errc::abandoned);
    CHECK(next.state() == task_state::succeeded);
}

TEST_CASE("a retry policy that ends its thread ends the task", "[forced_unwind][retry]")
{
    vmtask::engine engine({.workers = 1});
    const retry_policy policy{.attempts = 3, .repeat_on = [](std::error_code) -> bool { end_this_thread(); }};
    const task<> ended =
        engine.post([](task_context&) { throw std::runtime_error("fails"); }, task_options{.retry = policy});

    REQUIRE(ended.wait_for_completion(patience) == wait_status::completed);
    CHECK(ended.error() == errc::abandoned);
    CHECK(goes_on(engine));
}

TEST_CASE("a handler that ends its thread does not keep the others from their call", "[forced_unwind]")
{
    test::gate gate;
    test::mailbox<std::error_code> told;
    vmtask::engine engine({.workers = 1});
    const task<> held = test::occupy_workers(engine, gate, 1).front();
    for (int i = 0; i < 3; ++i) {
        asio::post(engine.get_executor(), [] { end_this_thread(); });
        asio::post(engine.get_worker_executor(), [] { end_this_thread(); });
        held.async_wait([](std::error_code) { end_this_thread(); });
        held.async_wait([&](std::error_code error) { told.put(error); });
    }
    gate.open();

    CHECK(told.holds(3));
    CHECK(goes_on(engine));
}

TEST_CASE("a result whose copy ends the thread of the handler harms nobody else", "[forced_unwind]")
{
    struct spiteful {
        spiteful() = default;
        spiteful(const spiteful&) { end_this_thread(); }
        spiteful(spiteful&&) = default;
        spiteful& operator=(spiteful&&) = default;
        spiteful& operator=(const spiteful&) = default;
    };
    vmtask::engine engine({.workers = 1});
    const auto made = engine.post([](task_context&) { return spiteful(); });
    made.async_result([](const std::exception_ptr&, const spiteful&) {});

    CHECK(made.wait_for_completion(patience) == wait_status::completed);
    CHECK(goes_on(engine));
}

TEST_CASE("handlers that end their threads while the engine ends leave none behind", "[forced_unwind]")
{
    test::gate gate;
    test::mailbox<bool> ran;
    {
        vmtask::engine engine({.workers = 1});
        test::occupy_event_loop(engine, gate);
        for (int i = 0; i < 5; ++i) {
            asio::post(engine.get_executor(), [] { end_this_thread(); });
            asio::post(engine.get_executor(), [&] { ran.put(true); });
        }
        // The engine's end lets the event loop's handlers go.
        const auto ending = engine.post([&](task_context& self) {
            while (!self.stop_requested()) std::this_thread::yield();
            gate.open();
        });
        REQUIRE(test::eventually([&] { return ending.state() == task_state::running; }));
    }
    CHECK(ran.letters().size() == 5);
}

TEST_CASE("a blocking wait of a body that ends its thread is not in anybody's way afterwards", "[forced_unwind]")
{
    vmtask::engine engine({.workers = 1, .spare_workers = 1});
    for (int i = 0; i < 3; ++i) {
        const task<> outer = engine.post([&](task_context&) {
            const task<> inner = engine.post([](task_context&) {});
            (void)inner.wait_for_completion();
            end_this_thread();
        });
        REQUIRE(outer.wait_for_completion(patience) == wait_status::completed);
        CHECK(outer.error() == errc::abandoned);
    }
    CHECK(engine.metrics().workers_blocked == 0);
    CHECK(goes_on(engine));
}

#endif
