// SPDX-License-Identifier: BSL-1.0
//
// Journalled tasks where memory lacks.

#include <vmtask/engine.hpp>
#include <vmtask/task_journal.hpp>
#include <vmtask/task_outcome.hpp>

#include "counted_heap.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/patience.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

using namespace vmtask;
using test::allowance;
using test::fail_each_allocation_in;
using test::patience;

namespace {

/// Keeps everything at once, and needs no memory for that.
struct tally final : task_journal {
    void posted(const journal_entry&, journal_receipt receipt) noexcept override
    {
        ++posts;
        receipt.complete();
    }
    void withdrawn(const journal_entry&) noexcept override { ++withdrawals; }
    void cancel_requested(const journal_entry&, std::string_view, journal_receipt receipt) noexcept override
    {
        ++cancels;
        receipt.complete();
    }
    void ended(const journal_entry&, const task_outcome& outcome, bool, journal_receipt receipt) noexcept override
    {
        was_shortened = outcome.kind.empty();
        last_state = outcome.state;
        receipt.complete();
    }

    std::atomic<int> posts{0};
    std::atomic<int> withdrawals{0};
    std::atomic<int> cancels{0};
    std::atomic<bool> was_shortened{false};
    std::atomic<task_state> last_state{task_state::queued};
};

/// Too long for a string to keep it in itself.
const std::string long_text = "a text that no string keeps without memory of its own";

/// Too large for the engine to have memory for it from tasks before.
struct large_body {
    void operator()(task_context&) const {}
    std::array<char, 1000> ballast{};
};

task_options journalled()
{
    return {.kind = long_text, .parameters = long_text, .claims = {exclusive(long_text)}};
}

} // namespace

TEST_CASE("a journal is told of each post that it has kept and that made no task for lack of memory",
          "[allocation][journal]")
{
    const auto journal = std::make_shared<tally>();
    test::gate gate;
    engine engine({.workers = 1, .journal = journal});
    const auto holder = engine.post([&](task_context& self) { gate.hold(self); }, {.claims = {exclusive(long_text)}});
    REQUIRE(gate.reached());
    task_handle posted;
    CHECK(fail_each_allocation_in([&] { posted = engine.post(large_body(), journalled()); }) > 3);
    CHECK(journal->posts == journal->withdrawals + 1);
    CHECK(engine.tasks().size() == 2);
    gate.open();
    CHECK(posted.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("a journalled end needs no memory, and says its state and code then", "[allocation][journal]")
{
    const auto journal = std::make_shared<tally>();
    engine engine({.workers = 1, .journal = journal});
    const auto task = engine.post([](task_context&) { allowance = 0; }, journalled());
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(journal->last_state == task_state::succeeded);
    CHECK(journal->was_shortened);
    const auto after = engine.post([](task_context&) { allowance = -1; });
    CHECK(after.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("a cancel of a journalled task needs no memory", "[allocation][journal]")
{
    const auto journal = std::make_shared<tally>();
    test::gate gate;
    engine engine({.workers = 1, .journal = journal});
    const auto task = engine.post([&](task_context& self) { gate.hold(self); }, journalled());
    REQUIRE(gate.reached());
    allowance = 0;
    const std::error_code refusal = task.request_cancel();
    allowance = -1;
    CHECK_FALSE(refusal);
    CHECK(journal->cancels == 1);
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::cancelled);
}
