// SPDX-License-Identifier: BSL-1.0
//
// Posts that wait for the journal.
#include <vmtask/engine.hpp>

#include "fake_journal.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/thrown.hpp"

#include <asio/awaitable.hpp>
#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::code_in;
using test::code_thrown_by;
using test::fake_journal;
using test::journalled;
using test::nothing;
using test::patience;
using answer = fake_journal::answer;
using words = std::vector<std::string>;

TEST_CASE("a journalled task neither begins nor is seen before its post is kept", "[journal]")
{
    const auto journal = std::make_shared<fake_journal>();
    journal->answer_posts(answer::held);
    std::atomic<bool> has_begun{false};
    engine engine({.workers = 1, .journal = journal});
    task<> task;
    std::thread poster([&] { task = engine.post([&](task_context&) { has_begun = true; }, journalled("task")); });
    REQUIRE(journal->was_told("task posted"));
    // One that comes after it gets through meanwhile.
    CHECK(engine.post(nothing).wait_for_completion(patience) == wait_status::completed);
    CHECK_FALSE(has_begun);
    CHECK(engine.tasks({.kind = "test"}).empty());

    journal->release();
    poster.join();
    CHECK(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(has_begun);
}

TEST_CASE("a post that the journal does not keep makes no task", "[journal]")
{
    const auto journal = std::make_shared<fake_journal>();
    const auto owned = std::make_shared<int>(0);
    engine engine({.workers = 1, .queue_limit = 1, .journal = journal});
    for (const bool is_dropped : {false, true}) {
        journal->answer_posts(is_dropped ? answer::dropped : answer::fails);
        const auto code = code_thrown_by([&] { (void)engine.post([owned](task_context&) {}, journalled("task")); });
        CHECK(code == (is_dropped ? std::error_code(errc::not_journalled) : fake_journal::failure()));
        CHECK(owned.use_count() == 1);
        CHECK(engine.tasks().empty());
    }
    CHECK(journal->told() == words{"task posted", "task posted"});
    CHECK(engine.metrics().tasks_posted == 0);
    // Its place in the queue is free again.
    CHECK(engine.post(nothing).wait_for_completion(patience) == wait_status::completed);
    CHECK(engine.shutdown(shutdown_mode::drain, patience).complete());
}

TEST_CASE("the journal learns that a post which it has kept was refused, or joined", "[journal]")
{
    const auto journal = std::make_shared<fake_journal>();
    test::gate gate;
    engine engine({.workers = 1, .journal = journal});
    task_options first = journalled("first");
    first.claims = {exclusive("disk")};
    const auto holder = engine.post([&](task_context& self) { gate.hold(self); }, first);
    REQUIRE(gate.reached());

    task_options busy = journalled("busy");
    busy.claims = {exclusive("disk")};
    busy.when_busy = when_busy::fail;
    CHECK_THROWS_AS(engine.post(nothing, busy), resource_busy);
    task_options same = journalled("same");
    same.claims = {exclusive("disk")};
    same.when_busy = when_busy::join;
    CHECK(engine.post(nothing, same) == holder);
    CHECK(journal->told()
          == words{"first posted", "first began", "busy posted", "busy withdrawn", "same posted", "same withdrawn"});
    gate.open();
}

TEST_CASE("a post that does not block is answered once it is kept", "[journal][async]")
{
    const auto journal = std::make_shared<fake_journal>();
    journal->answer_posts(answer::held);
    engine engine({.workers = 1, .journal = journal});
    auto body = [](task_context&) { return 42; };

    SECTION("by a future")
    {
        std::future<task<int>> posted = engine.async_post(body, journalled("task"), asio::use_future);
        CHECK(posted.wait_for(0s) == std::future_status::timeout);
        CHECK(journal->told() == words{"task posted"});
        journal->release();
        const task<int> task = posted.get();
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
        CHECK(task.result() == 42);
    }
    SECTION("in a coroutine")
    {
        const auto waiting = engine.post([&](task_context&) -> asio::awaitable<int> {
            const task<int> task = co_await engine.async_post(std::move(body), journalled("task"), asio::use_awaitable);
            co_return co_await task.async_result(asio::use_awaitable);
        });
        REQUIRE(journal->was_told("task posted"));
        journal->release();
        REQUIRE(waiting.wait_for_completion(patience) == wait_status::completed);
        CHECK(waiting.result() == 42);
    }
    SECTION("to a handler of another context")
    {
        const auto owned = std::make_shared<int>(0);
        long uses = 0;
        asio::io_context here;
        std::exception_ptr failure;
        task<int> task;
        engine.async_post([owned](task_context&) { return *owned; }, journalled("task"),
                          asio::bind_executor(here, [&](std::exception_ptr what, vmtask::task<int> posted) {
                              failure = std::move(what);
                              task = std::move(posted);
                              uses = owned.use_count();
                          }));
        journal->release(fake_journal::failure());
        here.run_for(patience);
        CHECK(code_in(failure) == fake_journal::failure());
        CHECK_FALSE(task);
        CHECK(uses == 1); // the body was destroyed before
    }
}

TEST_CASE("a post that does not block reports each refusal, and destroys the body", "[journal][async]")
{
    const auto journal = std::make_shared<fake_journal>();
    const auto owned = std::make_shared<int>(0);
    engine engine({.workers = 1, .journal = journal});
    const auto code_posted = [&](task_options options) {
        auto posted = engine.async_post([owned](task_context&) {}, std::move(options), asio::use_future);
        return code_thrown_by([&] { (void)posted.get(); });
    };
    task_options in_lane = journalled("lane");
    in_lane.lane = "there is none";
    CHECK(code_posted(in_lane) == errc::unknown_lane);
    CHECK(owned.use_count() == 1);
    in_lane.parameters.reset();
    CHECK(code_posted(in_lane) == errc::unknown_lane);
    journal->answer_posts(answer::fails);
    CHECK(code_posted(journalled("task")) == fake_journal::failure());
    CHECK(owned.use_count() == 1);
    CHECK(journal->told() == words{"lane posted", "lane withdrawn", "task posted"});
    (void)engine.shutdown(shutdown_mode::drain);
    CHECK(code_posted(journalled("late")) == errc::shutting_down);
}

TEST_CASE("a context that goes before the journal answers takes the handler with it, not the post", "[journal][async]")
{
    const auto journal = std::make_shared<fake_journal>();
    journal->answer_posts(answer::held);
    std::atomic<bool> has_run{false};
    engine engine({.workers = 1, .journal = journal});
    {
        asio::io_context here;
        engine.async_post([&](task_context&) { has_run = true; }, journalled("task"),
                          asio::bind_executor(here, [](std::exception_ptr, task<>) { FAIL("it is called"); }));
    }
    journal->release();
    CHECK(engine.shutdown(shutdown_mode::drain, patience).complete());
    CHECK(has_run);
}
