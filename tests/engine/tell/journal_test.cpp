// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>
#include <vmtask/task_source.hpp>
#include <vmtask/when_all.hpp>

#include "fake_journal.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"
#include "support/thrown.hpp"

#include <asio/awaitable.hpp>
#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/system_executor.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::code_in;
using test::code_thrown_by;
using test::fake_journal;
using test::patience;
using answer = test::fake_journal::answer;
using words = std::vector<std::string>;

namespace {

/// A kind, and the name by which the fake journal tells of the task.
task_options journalled(const std::string& name)
{
    return {.kind = "test", .parameters = name};
}

void nothing(task_context&) {}

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

// --- Who is journalled ---

TEST_CASE("a task with parameters is journalled from its post to its end", "[journal]")
{
    const auto journal = std::make_shared<fake_journal>();
    {
        engine engine({.workers = 1, .journal = journal});
        const auto task = engine.post(nothing, journalled("task"));
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
        CHECK(task.kind() == "test");
        CHECK(task.parameters() == "task");
    }
    CHECK(journal->told() == words{"task posted", "task began", "task succeeded"});
    CHECK(journal.use_count() == 1);
}

TEST_CASE("a task without parameters is not journalled", "[journal]")
{
    const auto journal = std::make_shared<fake_journal>();
    engine engine({.workers = 1, .journal = journal});
    const auto plain = engine.post(nothing);
    const auto on_terms = engine.post(nothing, {.kind = "test"});
    REQUIRE(when_all(plain, on_terms).wait_for_completion(patience) == wait_status::completed);
    CHECK_FALSE(on_terms.request_cancel() == std::error_code());
    CHECK(journal->told().empty());
    CHECK_FALSE(on_terms.parameters());
}

TEST_CASE("parameters without a kind are refused", "[journal]")
{
    engine engine({.workers = 1});
    CHECK(code_thrown_by([&] { (void)engine.post(nothing, {.parameters = "task"}); }) == errc::bad_options);
}

TEST_CASE("without a journal a task keeps its kind and parameters, and is like any other", "[journal]")
{
    engine engine({.workers = 1});
    const auto task = engine.post(nothing, journalled("task"));
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.kind() == "test");
    CHECK(task.parameters() == "task");
}

TEST_CASE("the journal is told of attempts and of pauses", "[journal][pause][retry]")
{
    const auto journal = std::make_shared<fake_journal>();
    test::gate gate;
    engine engine({.workers = 1, .journal = journal});
    task_options twice = journalled("twice");
    twice.retry = retry_policy{.attempts = 2, .first_delay = 0s};
    const auto failing =
        engine.post([](task_context&) { throw std::system_error(fake_journal::failure()); }, std::move(twice));
    REQUIRE(failing.wait_for_completion(patience) == wait_status::completed);
    CHECK(journal->told()
          == words{"twice posted", "twice began", "twice attempt failed", "twice began", "twice failed"});

    const auto paused = engine.post([&](task_context& self) { gate.hold(self); }, journalled("paused"));
    REQUIRE(gate.reached());
    REQUIRE_FALSE(paused.pause());
    REQUIRE(journal->was_told("paused paused"));
    REQUIRE_FALSE(paused.resume());
    REQUIRE(journal->was_told("paused resumed"));
    gate.open();
}

// --- Post ---

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

// --- Cancel ---

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

// --- End ---

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

// --- Shutdown ---

TEST_CASE("a shutdown waits for the journal's receipts", "[journal][shutdown]")
{
    const auto journal = std::make_shared<fake_journal>();
    journal->answer_ends(answer::held);
    engine engine({.workers = 1, .journal = journal});
    const auto task = engine.post(nothing, journalled("task"));
    REQUIRE(journal->was_told("task succeeded"));
    const auto mode = GENERATE(shutdown_mode::drain, shutdown_mode::cancel);
    CHECK(engine.shutdown(mode, 5ms).unfinished == std::vector<task_handle>{task});
    journal->release();
    CHECK(engine.shutdown(mode, patience).complete());
    CHECK(task.state() == task_state::succeeded);
}

TEST_CASE("a post that the journal has is let in by a drain, and refused by a shutdown that cancels",
          "[journal][shutdown]")
{
    const auto journal = std::make_shared<fake_journal>();
    journal->answer_posts(answer::held);
    engine engine({.workers = 1, .journal = journal});
    auto posted = engine.async_post(nothing, journalled("task"), asio::use_future);

    SECTION("by a drain")
    {
        (void)engine.shutdown(shutdown_mode::drain, 1ms);
        journal->release();
        CHECK(posted.get().wait_for_completion(patience) == wait_status::completed);
    }
    SECTION("by one that cancels")
    {
        (void)engine.shutdown(shutdown_mode::cancel, 1ms);
        journal->release();
        CHECK(code_thrown_by([&] { (void)posted.get(); }) == errc::shutting_down);
        CHECK(journal->told() == words{"task posted", "task withdrawn"});
    }
    CHECK(engine.shutdown(shutdown_mode::cancel, patience).complete());
}

TEST_CASE("ends by the engine's own shutdown are told as such, and no others", "[journal][shutdown]")
{
    const auto journal = std::make_shared<fake_journal>();
    test::gate gate;
    {
        engine engine({.workers = 2, .journal = journal});
        const auto whole = engine.post([&](task_context& self) { gate.hold(self); }, journalled("whole"));
        task_options of_whole = journalled("part");
        of_whole.parent = whole;
        const auto part = engine.post([&](task_context& self) { gate.hold(self); }, std::move(of_whole));
        REQUIRE(gate.reached(2));
        const auto before = engine.post(nothing, journalled("before"));
        task_options later = journalled("after");
        later.after = {before};
        (void)engine.post(nothing, std::move(later));
        const auto cancelled = engine.post(nothing, journalled("cancelled"));
        REQUIRE_FALSE(cancelled.request_cancel("me"));
        REQUIRE(journal->was_told("cancelled cancelled"));
        const task_source<> source(engine, journalled("source"));
        (void)engine.shutdown(shutdown_mode::cancel, 1ms);
    }
    for (const char* word :
         {"whole cancelled by shutdown", "part cancelled by shutdown", "before cancelled by shutdown"})
        CHECK(journal->was_told(word));
    const words told = journal->told();
    const auto is_told = [&](const std::string& word) {
        return std::find(told.begin(), told.end(), word) != told.end();
    };
    CHECK((is_told("after cancelled by shutdown") || is_told("after failed by shutdown")));
    CHECK(is_told("source failed by shutdown"));
    CHECK_FALSE(is_told("cancelled cancelled by shutdown"));
}

TEST_CASE("an engine goes once its journal has answered, from a thread of the journal's", "[journal][shutdown]")
{
    for (int round = 0; round < 50; ++round) {
        const auto journal = std::make_shared<fake_journal>();
        journal->answer_posts(answer::by_thread);
        journal->answer_cancels(answer::by_thread);
        journal->answer_ends(answer::by_thread);
        std::vector<std::future<void>> asked;
        std::vector<std::future<task<>>> posted;
        {
            engine engine({.workers = 2, .journal = journal});
            for (int i = 0; i < 8; ++i)
                posted.push_back(engine.async_post(nothing, journalled("later"), asio::use_future));
            for (int i = 0; i < 4; ++i)
                asked.push_back(engine.post(nothing, journalled("task")).async_request_cancel(asio::use_future));
        }
        for (auto& each : posted) {
            bool has_ended = false;
            const std::error_code refusal = code_thrown_by([&] { has_ended = each.get().is_complete(); });
            CHECK((has_ended || refusal == errc::shutting_down));
        }
        for (auto& each : asked) CHECK(each.wait_for(patience) == std::future_status::ready);
    }
}

// --- Ids ---

TEST_CASE("ids go on where an earlier process ended", "[journal]")
{
    engine engine({.workers = 1, .first_id = 1'000'001});
    const auto first = engine.post(nothing);
    const auto second = engine.post(nothing, {.kind = "test"});
    CHECK(first.id() == 1'000'001);
    CHECK(second.id() == 1'000'002);
    CHECK(engine.find(1'000'002) == second);
    CHECK(engine.tasks() == std::vector<task_handle>{first, second});
    CHECK(vmtask::engine({.workers = 1, .first_id = 0}).post(nothing).id() == 1);
}
