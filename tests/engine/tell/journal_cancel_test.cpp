// SPDX-License-Identifier: BSL-1.0
//
// Cancels that wait for the journal.
#include <vmtask/engine.hpp>
#include <vmtask/when_all.hpp>

#include "fake_journal.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/thrown.hpp"

#include <asio/use_future.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::code_thrown_by;
using test::fake_journal;
using test::journalled;
using test::nothing;
using test::patience;
using answer = fake_journal::answer;
using words = std::vector<std::string>;

TEST_CASE("a cancel is kept before the task is asked", "[journal][cancel]")
{
    const auto journal = std::make_shared<fake_journal>();
    journal->answer_cancels(answer::held);
    test::gate gate;
    engine engine({.workers = 1, .journal = journal});
    const auto running = engine.post([&](task_context& self) { gate.hold(self); }, journalled("running"));
    REQUIRE(gate.reached());
    task_options held = journalled("queued");
    held.held = true; // it does not begin when the other has ended
    const auto queued = engine.post(nothing, std::move(held));

    SECTION("by who blocks")
    {
        std::error_code first;
        std::error_code second;
        std::thread one([&] { first = running.request_cancel("me"); });
        std::thread other([&] { second = queued.request_cancel("me"); });
        REQUIRE(journal->was_told("running cancel by me"));
        REQUIRE(journal->was_told("queued cancel by me"));
        CHECK_FALSE(running.cancel_requested());
        CHECK_FALSE(queued.cancel_requested());
        REQUIRE(test::eventually([&] { return journal->held() == 2; }));
        journal->release();
        one.join();
        other.join();
        CHECK_FALSE(first);
        CHECK_FALSE(second);
    }
    SECTION("by who does not")
    {
        auto first = running.async_request_cancel("me", asio::use_future);
        auto second = queued.async_request_cancel(asio::use_future);
        CHECK(first.wait_for(0s) == std::future_status::timeout);
        CHECK_FALSE(running.cancel_requested());
        CHECK_FALSE(queued.cancel_requested());
        journal->release();
        CHECK_NOTHROW(first.get());
        CHECK_NOTHROW(second.get());
    }
    REQUIRE(when_all(running, queued).wait_for_completion(patience) == wait_status::completed);
    CHECK(running.state() == task_state::cancelled);
    CHECK(running.outcome().cancel_requested_by == "me");
    CHECK(queued.state() == task_state::cancelled);
}

TEST_CASE("a cancel that the journal does not keep cancels nothing", "[journal][cancel]")
{
    const auto journal = std::make_shared<fake_journal>();
    journal->answer_cancels(answer::fails);
    test::gate gate;
    engine engine({.workers = 1, .journal = journal});
    const auto task = engine.post([&](task_context& self) { gate.hold(self); }, journalled("task"));
    REQUIRE(gate.reached());
    CHECK(task.request_cancel() == fake_journal::failure());
    CHECK(code_thrown_by([&] { task.async_request_cancel(asio::use_future).get(); }) == fake_journal::failure());
    CHECK_FALSE(task.cancel_requested());
    gate.open();
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::succeeded);
}

TEST_CASE("what would not be cancelled is not offered, and a cancel that came too late is withdrawn",
          "[journal][cancel]")
{
    const auto journal = std::make_shared<fake_journal>();
    test::gate gate;
    test::gate returning;
    engine engine({.workers = 1, .journal = journal});
    task_options not_cancelable = journalled("kept");
    not_cancelable.cancelable = false;
    const auto kept = engine.post([&](task_context& self) { gate.hold(self); }, std::move(not_cancelable));
    CHECK(kept.request_cancel() == errc::not_cancelable);
    gate.open();
    REQUIRE(kept.wait_for_completion(patience) == wait_status::completed);
    CHECK(kept.request_cancel() == errc::already_ended);

    journal->answer_cancels(answer::held);
    const auto late = engine.post([&](task_context&) { returning.hold_regardless(); }, journalled("late"));
    REQUIRE(returning.reached());
    std::error_code refusal;
    std::thread asking;
    SECTION("by who blocks")
    {
        asking = std::thread([&] { refusal = late.request_cancel("me"); });
    }
    SECTION("by who does not")
    {
        asking = std::thread(
            [&] { refusal = code_thrown_by([&] { late.async_request_cancel("me", asio::use_future).get(); }); });
    }
    REQUIRE(journal->was_told("late cancel by me"));
    returning.open();
    REQUIRE(late.wait_for_completion(patience) == wait_status::completed);
    journal->release();
    asking.join();
    CHECK(refusal == errc::already_ended);
    CHECK(journal->told()
          == words{"kept posted", "kept began", "kept succeeded", "late posted", "late began", "late cancel by me",
                   "late succeeded", "late cancel withdrawn"});
}

TEST_CASE("cancels by the engine are not offered", "[journal][cancel]")
{
    const auto journal = std::make_shared<fake_journal>();
    journal->answer_cancels(answer::fails);
    test::gate gate;
    std::stop_source stop;
    engine engine({.workers = 2, .journal = journal});
    task_options by_token = journalled("token");
    by_token.stop = stop.get_token();
    task_options by_limit = journalled("limit");
    by_limit.limits.running = time_limit(1ms);
    const auto first = engine.post([&](task_context& self) { gate.hold(self); }, std::move(by_token));
    const auto second = engine.post([&](task_context& self) { gate.hold(self); }, std::move(by_limit));
    stop.request_stop();
    REQUIRE(when_all(first, second).wait_for_completion(patience) == wait_status::completed);
    CHECK(first.state() == task_state::cancelled);
    CHECK(second.state() == task_state::cancelled);
}

TEST_CASE("an asynchronous cancel of a task that is not journalled is answered as well", "[journal][cancel]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) { gate.hold(self); });
    CHECK_NOTHROW(task.async_request_cancel("me", asio::use_future).get());
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.outcome().cancel_requested_by == "me");
    CHECK(code_thrown_by([&] { task.async_request_cancel(asio::use_future).get(); }) == errc::already_ended);
    CHECK(code_thrown_by([&] { task_handle().async_request_cancel(asio::use_future).get(); }) == errc::no_task);
}
