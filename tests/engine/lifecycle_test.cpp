// SPDX-License-Identifier: BSL-1.0
#include <vmtask/detail/lifecycle.hpp>
#include <vmtask/detail/status_word.hpp>

#include "support/catch.hpp"

#include <array>
#include <set>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace vmtask::detail;
using answer = status_word::cancel_answer;

namespace {

constexpr std::array all_states{task_state::queued,    task_state::running, task_state::paused,
                                task_state::succeeded, task_state::failed,  task_state::cancelled};

/// Everything that may follow something, as the documentation has it: a task
/// begins queued, runs, may be held for a while, and ends exactly once.
const std::set<std::pair<task_state, task_state>> permitted{
    {task_state::queued, task_state::running}, {task_state::queued, task_state::cancelled},
    {task_state::running, task_state::paused}, {task_state::running, task_state::succeeded},
    {task_state::running, task_state::failed}, {task_state::running, task_state::cancelled},
    {task_state::paused, task_state::running},
};

} // namespace

TEST_CASE("a state follows another only where the table of a task's life says so", "[lifecycle]")
{
    for (const auto from : all_states) {
        for (const auto to : all_states) {
            INFO(to_string(from) << " to " << to_string(to));
            CHECK(can_follow(from, to) == permitted.contains({from, to}));
        }
    }
}

TEST_CASE("nothing follows the end", "[lifecycle]")
{
    for (const auto from : all_states) {
        const bool ended = from == task_state::succeeded || from == task_state::failed || from == task_state::cancelled;
        CHECK(is_terminal(from) == ended);
        if (!ended) continue;
        for (const auto to : all_states) CHECK_FALSE(can_follow(from, to));
    }
}

TEST_CASE("what a verb says in each state is known for all of them", "[lifecycle]")
{
    for (const auto state : all_states) {
        const bool ended = is_terminal(state);
        CHECK(refusal_of(verb::request_cancel, state) == (ended ? errc::already_ended : errc{}));
        CHECK(refusal_of(verb::fetch_result, state) == (ended ? errc{} : errc::not_ended));
    }
}

TEST_CASE("a status begins queued, with nothing requested", "[lifecycle]")
{
    const status_word status(true);
    CHECK(status.state() == task_state::queued);
    CHECK_FALSE(status.ended());
    CHECK(status.cancelable());
    CHECK_FALSE(status.cancel_requested());
    CHECK_FALSE(status_word(false).cancelable());
}

TEST_CASE("of a cancel and a start the first decides", "[lifecycle]")
{
    status_word cancelled_first(true);
    CHECK(cancelled_first.request_cancel() == answer::claimed);
    CHECK_FALSE(cancelled_first.start());
    CHECK(cancelled_first.state() == task_state::queued);
    CHECK(cancelled_first.request_cancel() == answer::requested_before);

    status_word started_first(true);
    CHECK(started_first.start());
    CHECK(started_first.state() == task_state::running);
    CHECK(started_first.request_cancel() == answer::requested);
    CHECK(started_first.request_cancel() == answer::requested_before);
    CHECK(started_first.state() == task_state::running);
}

TEST_CASE("of a cancel and a point of no return the first decides", "[lifecycle]")
{
    status_word cancelled_first(true);
    REQUIRE(cancelled_first.start());
    CHECK(cancelled_first.request_cancel() == answer::requested);
    CHECK_FALSE(cancelled_first.pass_point_of_no_return());
    CHECK(cancelled_first.cancel_requested());

    status_word passed_first(true);
    REQUIRE(passed_first.start());
    CHECK(passed_first.pass_point_of_no_return());
    CHECK_FALSE(passed_first.cancelable());
    CHECK(passed_first.request_cancel() == answer::refused_not_cancelable);
    CHECK_FALSE(passed_first.cancel_requested());
    CHECK(passed_first.pass_point_of_no_return());
}

TEST_CASE("of a wait and an end the first decides", "[lifecycle]")
{
    for (const auto terminal : {task_state::succeeded, task_state::failed, task_state::cancelled}) {
        status_word waited_first(true);
        REQUIRE(waited_first.start());
        CHECK(waited_first.note_waiter());
        CHECK(waited_first.note_waiter());
        CHECK(waited_first.end(terminal));
        CHECK(waited_first.state() == terminal);
        CHECK(waited_first.ended());

        status_word ended_first(true);
        REQUIRE(ended_first.start());
        CHECK_FALSE(ended_first.end(terminal));
        CHECK_FALSE(ended_first.note_waiter());
    }
}

TEST_CASE("an ended status refuses a cancel, whether it was cancelable or not", "[lifecycle]")
{
    for (const bool cancelable : {true, false}) {
        status_word status(cancelable);
        REQUIRE(status.start());
        REQUIRE_FALSE(status.end(task_state::failed));
        CHECK(status.request_cancel() == answer::refused_already_ended);
        CHECK_FALSE(status.cancelable());
        CHECK_FALSE(status.cancel_requested());
    }
}

TEST_CASE("the bits of a status do not disturb each other", "[lifecycle]")
{
    status_word status(true);
    CHECK(status.note_waiter());
    REQUIRE(status.start());
    CHECK(status.request_cancel() == answer::requested);
    CHECK(status.state() == task_state::running);
    CHECK(status.end(task_state::succeeded));
    CHECK(status.state() == task_state::succeeded);
    CHECK(status.cancel_requested());
}

TEST_CASE("a status that cannot be cancelled runs all the same", "[lifecycle]")
{
    status_word status(false);
    CHECK(status.request_cancel() == answer::refused_not_cancelable);
    CHECK(status.start());
    CHECK(status.pass_point_of_no_return());
    CHECK_FALSE(status.end(task_state::succeeded));
}
