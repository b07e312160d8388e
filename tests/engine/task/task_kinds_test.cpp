// SPDX-License-Identifier: BSL-1.0
#include <vmtask/task_kinds.hpp>

#include "fake_journal.hpp"

#include "support/catch.hpp"
#include "support/thrown.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace vmtask;
using test::code_thrown_by;
using test::fake_journal;
using test::patience;

namespace {

/// Makes tasks whose result is their parameters.
task_handle echo(engine& where, const std::string& parameters, task_options options)
{
    return where.post([parameters](task_context&) { return parameters; }, std::move(options));
}

} // namespace

TEST_CASE("a task is made again by its kind and parameters", "[kinds][journal]")
{
    const auto journal = std::make_shared<fake_journal>();
    engine engine({.workers = 1, .journal = journal});
    task_kinds kinds;
    kinds.add("echo", echo);
    const task_handle first = kinds.make(engine, "echo", "words", {.tag = "once"});
    const task_handle again = kinds.make(engine, first.kind(), first.parameters().value());
    REQUIRE(first.wait_for_completion(patience) == wait_status::completed);
    REQUIRE(again.wait_for_completion(patience) == wait_status::completed);
    CHECK(task_cast<std::string>(again).result() == "words");
    CHECK(first.outcome().tag == "once");
    CHECK(journal->was_told("words succeeded"));
}

TEST_CASE("a kind is registered once, and one that is not cannot be made", "[kinds]")
{
    engine engine({.workers = 1});
    task_kinds kinds;
    kinds.add("echo", echo);
    kinds.add("copy", echo);
    CHECK(code_thrown_by([&] { kinds.add("echo", echo); }) == errc::kind_taken);
    CHECK(code_thrown_by([&] { kinds.add("", echo); }) == errc::bad_options);
    CHECK(code_thrown_by([&] { kinds.add("none", nullptr); }) == errc::bad_options);
    CHECK(code_thrown_by([&] { (void)kinds.make(engine, "none", "words"); }) == errc::unknown_kind);
    CHECK(kinds.contains("copy"));
    CHECK_FALSE(kinds.contains("none"));
    CHECK(kinds.names() == std::vector<std::string>{"copy", "echo"});
    CHECK(engine.tasks().empty());
}
