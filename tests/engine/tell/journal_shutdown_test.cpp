// SPDX-License-Identifier: BSL-1.0
//
// What the journal has while the engine ends.
#include <vmtask/engine.hpp>
#include <vmtask/task_source.hpp>

#include "fake_journal.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/thrown.hpp"

#include <asio/use_future.hpp>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <string>
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
using words = std::vector<std::string>;

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
