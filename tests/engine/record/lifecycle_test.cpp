// SPDX-License-Identifier: BSL-1.0
#include "record/lifecycle.hpp"

#include "record/status_word.hpp"
#include "support/catch.hpp"

#include <array>
#include <set>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace vmtask::detail;
using answer = status_word::cancel_answer;
using start_answer = status_word::start_answer;
using end_answer = status_word::end_answer;

namespace {

constexpr std::array all_states{task_state::queued,    task_state::running, task_state::paused,
                                task_state::succeeded, task_state::failed,  task_state::cancelled};

/// Everything that may follow something, as the documentation has it: a task
/// begins queued, runs, may be held for a while or begun anew, and ends once; without a body
/// even while it is held.
const std::set<std::pair<task_state, task_state>> permitted{
    {task_state::queued, task_state::running}, {task_state::queued, task_state::cancelled},
    {task_state::running, task_state::paused}, {task_state::running, task_state::succeeded},
    {task_state::running, task_state::failed}, {task_state::running, task_state::cancelled},
    {task_state::paused, task_state::running}, {task_state::queued, task_state::failed},
    {task_state::running, task_state::queued}, {task_state::paused, task_state::succeeded},
    {task_state::paused, task_state::failed},  {task_state::paused, task_state::cancelled},
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
        CHECK(refusal_of(verb::pause, state) == (ended ? errc::already_ended : errc{}));
        CHECK(refusal_of(verb::resume, state) == (ended ? errc::already_ended : errc{}));
        const errc begun = state == task_state::queued ? errc{} : errc::already_begun;
        CHECK(refusal_of(verb::set_priority, state) == (ended ? errc::already_ended : begun));
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
    CHECK(cancelled_first.start() == start_answer::claimed);
    CHECK(cancelled_first.state() == task_state::queued);
    CHECK(cancelled_first.request_cancel() == answer::requested_before);

    status_word started_first(true);
    CHECK(started_first.start() == start_answer::started);
    CHECK(started_first.state() == task_state::running);
    CHECK(started_first.request_cancel() == answer::requested);
    CHECK(started_first.request_cancel() == answer::requested_before);
    CHECK(started_first.state() == task_state::running);
}

TEST_CASE("of a cancel and a point of no return the first decides", "[lifecycle]")
{
    status_word cancelled_first(true);
    REQUIRE(cancelled_first.start() == start_answer::started);
    CHECK(cancelled_first.request_cancel() == answer::requested);
    CHECK_FALSE(cancelled_first.pass_point_of_no_return());
    CHECK(cancelled_first.cancel_requested());

    status_word passed_first(true);
    REQUIRE(passed_first.start() == start_answer::started);
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
        REQUIRE(waited_first.start() == start_answer::started);
        CHECK(waited_first.note_waiter());
        CHECK(waited_first.note_waiter());
        CHECK(waited_first.end(terminal, false) == end_answer::ended_with_waiters);
        CHECK(waited_first.state() == terminal);
        CHECK(waited_first.ended());

        status_word ended_first(true);
        REQUIRE(ended_first.start() == start_answer::started);
        CHECK(ended_first.end(terminal, false) == end_answer::ended);
        CHECK_FALSE(ended_first.note_waiter());
    }
}

TEST_CASE("an ended status refuses a cancel, whether it was cancelable or not", "[lifecycle]")
{
    for (const bool cancelable : {true, false}) {
        status_word status(cancelable);
        REQUIRE(status.start() == start_answer::started);
        REQUIRE(status.end(task_state::failed, false) == end_answer::ended);
        CHECK(status.request_cancel() == answer::refused_already_ended);
        CHECK_FALSE(status.cancelable());
        CHECK_FALSE(status.cancel_requested());
    }
}

TEST_CASE("the bits of a status do not disturb each other", "[lifecycle]")
{
    status_word status(true);
    CHECK(status.note_waiter());
    REQUIRE(status.start() == start_answer::started);
    CHECK(status.request_cancel() == answer::requested);
    CHECK(status.state() == task_state::running);
    CHECK(status.end(task_state::succeeded, false) == end_answer::ended_with_waiters);
    CHECK(status.state() == task_state::succeeded);
    CHECK(status.cancel_requested());
}

TEST_CASE("a status that cannot be cancelled runs all the same", "[lifecycle]")
{
    status_word status(false);
    CHECK(status.request_cancel() == answer::refused_not_cancelable);
    CHECK(status.start() == start_answer::started);
    CHECK(status.pass_point_of_no_return());
    CHECK(status.end(task_state::succeeded, false) == end_answer::ended);
}

TEST_CASE("a held status does not start, and pauses once it runs", "[lifecycle]")
{
    status_word queued(true);
    CHECK(queued.hold());
    CHECK(queued.start() == start_answer::held);
    CHECK(queued.state() == task_state::queued);
    queued.let_go();
    CHECK(queued.start() == start_answer::started);
    CHECK_FALSE(queued.pause());
    CHECK(queued.hold());
    CHECK(queued.state() == task_state::running);
    CHECK(queued.pause());
    CHECK(queued.state() == task_state::paused);
    queued.unpause();
    CHECK(queued.state() == task_state::running);

    status_word asked_to_stop(true);
    REQUIRE(asked_to_stop.start() == start_answer::started);
    CHECK(asked_to_stop.hold());
    CHECK(asked_to_stop.request_cancel() == answer::requested);
    CHECK_FALSE(asked_to_stop.pause());

    status_word ended(true);
    REQUIRE(ended.start() == start_answer::started);
    REQUIRE(ended.end(task_state::succeeded, false) == end_answer::ended);
    CHECK_FALSE(ended.hold());
}

TEST_CASE("a status is queued again unless a cancel came first", "[lifecycle]")
{
    status_word failed_once(true);
    REQUIRE(failed_once.start() == start_answer::started);
    CHECK(failed_once.requeue());
    CHECK(failed_once.state() == task_state::queued);
    CHECK(failed_once.start() == start_answer::started);
    CHECK(failed_once.request_cancel() == answer::requested);
    CHECK_FALSE(failed_once.requeue());
}

TEST_CASE("only one ends a queued status", "[lifecycle]")
{
    status_word claimed(true);
    CHECK(claimed.claim_queued());
    CHECK_FALSE(claimed.claim_queued());
    CHECK(claimed.request_cancel_queued() == answer::requested_before);
    CHECK(claimed.request_cancel() == answer::refused_already_ended);
    CHECK_FALSE(claimed.cancel_requested());
    CHECK(claimed.start() == start_answer::claimed);

    status_word replaced(true);
    CHECK(replaced.request_cancel_queued() == answer::claimed);
    CHECK(replaced.cancel_requested());
    CHECK_FALSE(replaced.claim_queued());

    status_word kept(false);
    CHECK(kept.request_cancel_queued() == answer::refused_not_cancelable);
    status_word running(true);
    REQUIRE(running.start() == start_answer::started);
    CHECK(running.request_cancel_queued() == answer::requested_before);
    CHECK_FALSE(running.claim_queued());
}

TEST_CASE("a status with parts does not end before them", "[lifecycle]")
{
    status_word whole(true);
    REQUIRE(whole.start() == start_answer::started);
    CHECK(whole.note_part());
    CHECK(whole.end(task_state::succeeded, false) == end_answer::has_parts);
    CHECK(whole.state() == task_state::running);
    CHECK(whole.note_part());
    CHECK(whole.end(task_state::succeeded, true) == end_answer::ended);
    CHECK_FALSE(whole.note_part());

    status_word closed(true);
    REQUIRE(closed.start() == start_answer::started);
    CHECK_FALSE(closed.close_for_parts());
    CHECK_FALSE(closed.note_part());
}
