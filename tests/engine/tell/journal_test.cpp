// SPDX-License-Identifier: BSL-1.0
//
// Which tasks are journalled, and what their journal is told.
#include <vmtask/engine.hpp>
#include <vmtask/when_all.hpp>

#include "fake_journal.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/thrown.hpp"

#include <chrono>
#include <memory>
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
using words = std::vector<std::string>;

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
