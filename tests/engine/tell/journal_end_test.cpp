// SPDX-License-Identifier: BSL-1.0
//
// Ends that wait for the journal.
#include <vmtask/engine.hpp>
#include <vmtask/task_source.hpp>

#include "fake_journal.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"
#include "support/thrown.hpp"

#include <asio/awaitable.hpp>
#include <asio/bind_executor.hpp>
#include <asio/post.hpp>
#include <asio/system_executor.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stop_token>
#include <system_error>
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

namespace {

/// Nobody sees the end of a task while the journal has it.
void check_not_ended(const task_handle& task, const std::atomic<bool>& async_told)
{
    CHECK(task.wait_for_completion(10ms) == wait_status::timed_out);
    CHECK(task.state() == task_state::running);
    CHECK(task.error() == errc::not_ended);
    CHECK(task.percent_completed() < 100);
    CHECK_FALSE(async_told);
}

/// Counts the ends that it is told of.
struct end_counter final : task_observer {
    void ended(const observed_task&, task_state, std::error_code) noexcept override { ++ends; }
    std::atomic<int> ends{0};
};

} // namespace

TEST_CASE("nobody sees an end before the journal has it, and no worker waits for that", "[journal][order]")
{
    const auto journal = std::make_shared<fake_journal>();
    journal->answer_ends(answer::held);
    const auto observer = std::make_shared<end_counter>();
    const auto async_told = std::make_shared<std::atomic<bool>>(false);
    engine engine({.workers = 1, .events = {.kept = 100}, .observers = {observer}, .journal = journal});
    task_options options = journalled("task");
    options.claims = {exclusive("disk")};
    task_handle task;

    SECTION("of a body")
    {
        task = engine.post(nothing, options);
    }
    SECTION("of a coroutine")
    {
        task = engine.post([](task_context&) -> asio::awaitable<void> { co_return; }, options);
    }
    SECTION("of a task that runs elsewhere")
    {
        options.when_busy = when_busy::fail;
        const task_source<> source(engine, options);
        task = source.handle();
        CHECK(source.set_value());
        CHECK_FALSE(source.set_value());
    }
    task.async_wait(
        asio::bind_executor(asio::system_executor(), [async_told](std::error_code) { *async_told = true; }));
    REQUIRE(journal->was_told("task succeeded"));
    check_not_ended(task, *async_told);
    CHECK(observer->ends == 0);
    CHECK(task.request_cancel() == errc::already_ended);
    // What it claimed is free, and so is the worker.
    const auto next = engine.post(nothing, {.claims = {exclusive("disk")}, .when_busy = when_busy::fail});
    CHECK(next.wait_for_completion(patience) == wait_status::completed);

    journal->release();
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::succeeded);
    CHECK(test::eventually([&] { return async_told->load(); }));
    CHECK(test::eventually([&] { return observer->ends == 2; }));
}

TEST_CASE("what ends is what the journal was offered: the engine's own cancels come too late, too", "[journal][cancel]")
{
    const auto journal = std::make_shared<fake_journal>();
    std::stop_source stop;
    engine engine({.workers = 1, .journal = journal});
    task_options options = journalled("task");
    options.stop = stop.get_token();
    journal->answer_ends(answer::held);
    const auto task = engine.post(nothing, options);
    REQUIRE(journal->was_told("task succeeded"));
    stop.request_stop();
    CHECK_FALSE(task.cancel_requested());
    journal->release();
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.outcome().cancel_requested == cancel_origin::none);
}

TEST_CASE("an end that the journal gives up is told as it was, with a warning", "[journal]")
{
    const auto journal = std::make_shared<fake_journal>();
    engine engine({.workers = 1, .journal = journal});
    for (const answer how : {answer::fails, answer::dropped}) {
        journal->answer_ends(how);
        const auto task = engine.post([](task_context&) { return 1; }, journalled("task"));
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
        CHECK(task.state() == task_state::succeeded);
        CHECK(task.outcome().warnings.size() == 1);
    }
}

TEST_CASE("a queued task that is cancelled ends once the journal has it", "[journal][cancel]")
{
    const auto journal = std::make_shared<fake_journal>();
    journal->answer_ends(answer::held);
    test::gate gate;
    engine engine({.workers = 1, .journal = journal});
    (void)test::occupy_workers(engine, gate, 1);
    const auto owned = std::make_shared<int>(0);
    const auto task = engine.post([owned](task_context&) {}, journalled("task"));
    REQUIRE_FALSE(task.request_cancel());
    REQUIRE(journal->was_told("task cancelled"));
    CHECK(task.state() == task_state::queued);
    CHECK(owned.use_count() == 1);
    journal->release();
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::cancelled);
    gate.open();
}

TEST_CASE("a whole ends after its parts, each once the journal has it", "[journal][part]")
{
    const auto journal = std::make_shared<fake_journal>();
    std::promise<task_handle> posted;
    engine engine({.workers = 2, .journal = journal});
    const auto body = [&](task_context& self) {
        task_options options = journalled("part");
        options.parent = self.handle();
        posted.set_value(engine.post(nothing, std::move(options)));
    };
    journal->answer_ends(answer::held);
    const auto whole = engine.post(body, journalled("whole"));
    const task_handle part = posted.get_future().get();
    REQUIRE(journal->was_told("part succeeded"));
    CHECK_FALSE(part.is_complete());
    journal->release();
    REQUIRE(journal->was_told("whole succeeded"));
    CHECK(part.wait_for_completion(patience) == wait_status::completed);
    CHECK_FALSE(whole.is_complete());
    // It takes no part any more.
    task_options late = journalled("late");
    late.parent = whole;
    CHECK(code_thrown_by([&] { (void)engine.post(nothing, late); }) == errc::already_ended);
    CHECK(journal->was_told("late withdrawn"));
    journal->release();
    CHECK(whole.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("a journal that answers at once makes no deep calls of deep parts", "[journal][part]")
{
    const auto journal = std::make_shared<fake_journal>();
    test::gate gate;
    engine engine({.workers = 1, .retain = {.count = 0}, .journal = journal});
    task_handle outermost = engine.post([&](task_context& self) { gate.hold(self); }, journalled("outermost"));
    task_handle whole = outermost;
    for (int depth = 0; depth < 20'000; ++depth) {
        task_options options = journalled("part");
        options.parent = whole;
        whole = engine.post(nothing, std::move(options));
    }
    gate.open();
    CHECK(outermost.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("a wait on the event loop for a coroutine's end that the journal has is no deadlock", "[journal][deadlock]")
{
    const auto journal = std::make_shared<fake_journal>();
    journal->answer_ends(answer::held);
    test::mailbox<wait_status> answers;
    engine engine({.workers = 1, .journal = journal});
    const auto task = engine.post([](task_context&) -> asio::awaitable<void> { co_return; }, journalled("task"));
    REQUIRE(journal->was_told("task succeeded"));
    asio::post(engine.get_executor(), [&] { answers.put(task.wait_for_completion(5ms)); });
    REQUIRE(answers.holds(1));
    CHECK(answers.letters() == std::vector{wait_status::timed_out});
    journal->release();
    CHECK(task.wait_for_completion(patience) == wait_status::completed);
}
