// SPDX-License-Identifier: BSL-1.0
//
// The steps by which a task begins, pauses, is cancelled, ends and tells who
// waits, in every order in which threads can take them. The word that decides
// the races is the engine's own; around it stand the steps of task_record,
// waiter_list, blocking_waiter and the timer loop, each named where it is.

#include "record/lifecycle.hpp"
#include "record/status_word.hpp"
#include "support/catch.hpp"
#include "task/interleavings.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace vmtask::detail;
using test::exploration;
using test::explore;
using test::script;

namespace {

/// What could be wrong with it: each is to be found.
enum class flaw : std::uint8_t {
    none,
    ends_before_its_claims_are_free,
    tells_before_it_ends,
    waits_without_asking_for_the_end,
    sleeps_without_asking_for_a_call,
    times_out_without_claiming,
    cancels_without_waking_the_paused,
    starts_though_somebody_ends_it,
};

enum class part : std::uint8_t { worker, waiter, timed_waiter, canceller, other_canceller, pauser, holder };

/// A waiter, on its thread's stack.
struct node {
    enum class signal : std::uint8_t { pending, completed, timed_out, parked };
    signal word = signal::pending;
    bool asleep = false; // in the kernel
    bool claimed = false;
    bool armed = false; // with the timer loop
    bool gone = false;
};

/// One task, and those who are at it.
class task_world {
public:
    task_world(const std::vector<part>& parts, flaw wrong) : wrong_(wrong)
    {
        for (const part each : parts) {
            switch (each) {
            case part::worker: stage.add("worker", work()); break;
            case part::waiter: stage.add("waiter", wait_for_end(nodes_.emplace_back(), false)); break;
            case part::timed_waiter: {
                node& timed = nodes_.emplace_back();
                stage.add("timed waiter", wait_for_end(timed, true));
                stage.add("timer", expire(timed));
                break;
            }
            case part::canceller: stage.add("canceller", cancel()); break;
            case part::other_canceller: stage.add("other canceller", cancel()); break;
            case part::pauser: stage.add("pauser", pause_and_resume()); break;
            case part::holder: stage.add("holder", pause()); break;
            }
        }
    }

    [[nodiscard]] std::string description() const
    {
        std::string text;
        const auto add = [&](int value) { text += std::to_string(value) + ','; };
        for (const bool each : {status_.cancel_requested(), status_.cancelable(), status_.is_held(),
                                status_.is_claimed(), noted_, locked_, body_, claims_, set_aside_, ran_, retired_})
            add(each ? 1 : 0);
        add(static_cast<int>(status_.state()));
        add(ends_);
        for (const node& each : nodes_) {
            add(static_cast<int>(each.word));
            for (const bool bit : {each.asleep, each.claimed, each.armed, each.gone}) add(bit ? 1 : 0);
            add(static_cast<int>(place_of(waiting_, each)));
            add(static_cast<int>(place_of(paused_, each)));
        }
        return text;
    }

    void check_end()
    {
        for (const std::string& name : stage.left_behind()) findings.push_back("for ever asleep: " + name);
        require(status_.ended() && ends_ == 1 && retired_, "it has not ended once");
        require(!body_ && !claims_, "something of it is left");
        require(waiting_.empty() && paused_.empty(), "somebody is still listed");
        require(status_.state() != task_state::cancelled || status_.cancel_requested(), "cancelled by nobody");
        require(ran_ || status_.state() == task_state::cancelled, "ended without a beginning");
    }

    test::stage stage;
    std::vector<std::string> findings;

private:
    using list = std::vector<node*>;

    // --- task_record::run(), end(), publish() ---

    script work()
    {
        co_await stage.step(); // scheduler::start_next_locked()
        status_word::start_answer answer = stage.learn(status_.start());
        if (answer == status_word::start_answer::claimed && wrong_ == flaw::starts_though_somebody_ends_it)
            answer = status_word::start_answer::started;
        set_aside_ = answer == status_word::start_answer::held;
        if (answer != status_word::start_answer::started) co_return;
        ran_ = true;
        bool stops = false;
        co_await checkpoint(stops);
        if (!stops) co_await checkpoint(stops);
        co_await end(stops ? task_state::cancelled : task_state::succeeded);
    }

    script end(task_state verdict)
    {
        co_await stage.step(); // destroy_body()
        body_ = false;
        if (wrong_ == flaw::tells_before_it_ends) co_await tell(waiting_);
        if (wrong_ != flaw::ends_before_its_claims_are_free) {
            co_await stage.step(); // waiting_room::release()
            claims_ = false;
        }
        co_await stage.step(); // status_word::end()
        ++ends_;
        const bool may_end = can_follow(status_.state(), verdict) && ends_ == 1;
        require(may_end, "it has ended twice");
        if (!may_end) co_return;
        const auto answer = stage.learn(status_.end(verdict, true));
        const bool tells = answer == status_word::end_answer::ended_with_waiters;
        if (tells && wrong_ != flaw::tells_before_it_ends) co_await tell(waiting_);
        co_await stage.step(); // retire()
        claims_ = false;
        retired_ = true;
    }

    // --- task_context::checkpoint(), task_record::stay_while_held() ---

    script checkpoint(bool& stops)
    {
        co_await stage.step();
        if (!stage.learn(status_.needs_checkpoint())) co_return;
        node& here = nodes_.emplace_back();
        co_await lock(); // add_paused()
        const bool stays = stage.learn(status_.pause());
        if (stays) {
            co_await stage.step();
            paused_.push_back(&here);
        }
        locked_ = false;
        if (stays) co_await sleep(here);
        here.gone = true;
        co_await stage.step();
        stops = stage.learn(status_.cancel_requested());
    }

    // --- task_record::request_cancel(), end_in_queue() ---

    script cancel()
    {
        co_await lock(); // ask_to_cancel()
        const auto answer = stage.learn(status_.request_cancel());
        locked_ = false;
        switch (answer) {
        case status_word::cancel_answer::requested:
            if (wrong_ != flaw::cancels_without_waking_the_paused) co_await wake_paused();
            break;
        case status_word::cancel_answer::claimed: co_await end(task_state::cancelled); break;
        default: break;
        }
    }

    // --- task_record::pause(), resume(), unpause() ---

    script pause()
    {
        co_await lock();
        (void)stage.learn(status_.hold());
        locked_ = false;
    }

    script pause_and_resume()
    {
        co_await pause();
        co_await lock();
        const bool ended = stage.learn(status_.ended());
        if (!ended) {
            co_await stage.step();
            status_.let_go();
        }
        locked_ = false;
        if (ended) co_return;
        co_await wake_paused();
        co_await stage.step(); // scheduler::take_up()
        if (stage.learn(std::exchange(set_aside_, false))) co_await work();
    }

    script wake_paused()
    {
        co_await lock();
        (void)status_.unpause();
        locked_ = false;
        co_await tell(paused_);
    }

    // --- task_record::wait_until(), add_waiter() ---

    script wait_for_end(node& here, bool is_timed)
    {
        co_await stage.step();
        bool knows = stage.learn(status_.ended());
        if (!knows) {
            co_await lock(); // add_waiter()
            knows = !stage.learn(status_.note_waiter()) && wrong_ != flaw::waits_without_asking_for_the_end;
            if (!knows) {
                noted_ = true;
                co_await stage.step();
                waiting_.push_back(&here);
                here.armed = is_timed;
            }
            locked_ = false;
        }
        if (!knows) co_await sleep(here);
        if (knows || here.word == node::signal::completed) {
            require(status_.ended(), "a wait completed before the end");
            require(!body_ && !claims_, "whoever saw the end found something taken");
        }
        here.gone = true;
    }

    // --- blocking_waiter ---

    script sleep(node& here)
    {
        co_await stage.step(); // the compare-and-swap of wait()
        if (wrong_ == flaw::sleeps_without_asking_for_a_call) here.word = node::signal::parked;
        else if (here.word == node::signal::pending) here.word = node::signal::parked;
        for (;;) {
            co_await stage.step();
            if (stage.learn(here.word) != node::signal::parked) co_return;
            co_await stage.step(); // futex_wait(), which compares once more
            here.asleep = here.word == node::signal::parked;
            auto awake = stage.step_when([&here] { return !here.asleep; });
            co_await awake;
        }
    }

    script complete(node& told, node::signal outcome)
    {
        co_await stage.step();
        require(!told.gone, "somebody was told who is gone");
        const bool slept = std::exchange(told.word, outcome) == node::signal::parked;
        if (!stage.learn(slept)) co_return;
        co_await stage.step(); // futex_wake_one(), on whatever is there by now
        told.asleep = false;
    }

    // --- waiter_list, waiter::expire() ---

    script tell(list& told)
    {
        for (;;) {
            co_await lock(); // pop_waiter()
            node* popped = nullptr;
            while (!told.empty() && !popped) {
                popped = told.front();
                told.erase(told.begin());
                if (std::exchange(popped->claimed, true)) popped = nullptr;
            }
            if (paused_.empty()) (void)status_.unpause(); // forget_waiter_locked()
            locked_ = false;
            if (!stage.learn(popped != nullptr)) co_return;
            co_await stage.step(); // timer_loop::remove()
            popped->armed = false;
            co_await complete(*popped, node::signal::completed);
        }
    }

    script expire(node& late)
    {
        co_await stage.step(); // timer_loop::take_due()
        if (!stage.learn(std::exchange(late.armed, false))) co_return;
        require(!late.gone, "the timer found who is gone");
        const bool was_claimed = std::exchange(late.claimed, true);
        if (stage.learn(was_claimed) && wrong_ != flaw::times_out_without_claiming) co_return;
        if (wrong_ == flaw::times_out_without_claiming) late.claimed = was_claimed;
        co_await lock(); // detach()
        std::erase(waiting_, &late);
        if (paused_.empty()) (void)status_.unpause();
        locked_ = false;
        co_await complete(late, node::signal::timed_out);
    }

    // --- The task's lock ---

    script lock()
    {
        auto is_free = stage.step_when([this] { return !locked_; });
        co_await is_free;
        locked_ = true;
    }

    void require(bool holds, const char* otherwise)
    {
        if (!holds) findings.emplace_back(otherwise);
    }

    static std::ptrdiff_t place_of(const list& where, const node& sought)
    {
        return std::find(where.begin(), where.end(), &sought) - where.begin();
    }

    const flaw wrong_;
    status_word status_{true};
    bool noted_ = false;
    bool locked_ = false;
    bool body_ = true;
    bool claims_ = true;
    bool set_aside_ = false;
    bool ran_ = false;
    bool retired_ = false;
    int ends_ = 0;
    std::deque<node> nodes_;
    list waiting_;
    list paused_;
};

exploration explore_task(const std::vector<part>& parts, flaw wrong = flaw::none)
{
    return explore<task_world>(parts, wrong);
}

} // namespace

TEST_CASE("in whatever order threads take their steps, a task ends once and all who wait are told", "[protocol]")
{
    const auto parts = GENERATE(values<std::vector<part>>({
        {part::worker, part::waiter, part::waiter},
        {part::worker, part::waiter, part::canceller},
        {part::worker, part::timed_waiter, part::canceller},
        {part::worker, part::canceller, part::other_canceller, part::waiter},
        {part::worker, part::pauser, part::waiter},
        {part::worker, part::pauser, part::canceller},
        {part::worker, part::holder, part::canceller, part::waiter},
    }));
    const exploration all = explore_task(parts);
    CHECK(all.findings == std::set<std::string>{});
    CHECK(all.states > 100);
}

TEST_CASE("a step out of its place is found", "[protocol]")
{
    const auto found = [](const std::vector<part>& parts, flaw wrong) {
        const exploration all = explore_task(parts, wrong);
        return all.findings;
    };
    const std::string taken = "whoever saw the end found something taken";
    CHECK(found({part::worker, part::waiter}, flaw::ends_before_its_claims_are_free).contains(taken));
    CHECK(found({part::worker, part::waiter}, flaw::tells_before_it_ends).contains("for ever asleep: waiter"));
    CHECK(found({part::worker, part::waiter}, flaw::waits_without_asking_for_the_end)
              .contains("for ever asleep: waiter"));
    CHECK(found({part::worker, part::waiter}, flaw::sleeps_without_asking_for_a_call)
              .contains("for ever asleep: waiter"));
    CHECK(found({part::worker, part::timed_waiter}, flaw::times_out_without_claiming)
              .contains("somebody was told who is gone"));
    CHECK(found({part::worker, part::canceller}, flaw::starts_though_somebody_ends_it).contains("it has ended twice"));
    CHECK(found({part::worker, part::holder, part::canceller}, flaw::cancels_without_waking_the_paused)
              .contains("for ever asleep: worker"));
}
