// SPDX-License-Identifier: BSL-1.0
#include "small_world_stage.hpp"

#include "support/who_waits.hpp"

#include <vmtask/obstacle.hpp>

#include <stop_token>
#include <thread>

using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace vmtask::test {
namespace {

task_options options_of(const small_task& task)
{
    task_options options;
    options.description = small_world{{task}, {}}.text();
    constexpr std::array names{"r1", "r2"};
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (task.claims[i] == 's') options.claims.push_back(shared(names[i]));
        if (task.claims[i] == 'x') options.claims.push_back(exclusive(names[i]));
    }
    if (task.in_lane) options.lane = "lane";
    options.after_failure = after_failure::begin;
    return options;
}

/// Polls without sleeping at first: what it waits for is microseconds away.
template <class Predicate>
bool polled(Predicate holds, steady_clock::time_point deadline)
{
    for (int tries = 0; !holds(); ++tries) {
        if (tries < 200) std::this_thread::yield();
        else if (steady_clock::now() >= deadline) return false;
        else std::this_thread::sleep_for(100us);
    }
    return true;
}

} // namespace

std::string small_world_stage::run(std::chrono::milliseconds patience)
{
    const auto deadline = steady_clock::now() + patience;
    for (const small_event& event : world_.events) {
        happen(event);
        if (!comes_to_rest(deadline)) return report("it does not come to rest");
    }
    let_go();
    if (!all_end(deadline)) return report("it stands still");
    return judge();
}

// --- What happens ---

void small_world_stage::happen(const small_event& event)
{
    const small_task& its = world_.tasks[static_cast<std::size_t>(event.task)];
    actor& self = at(event.task);
    const bool is_made = self.posted == post_state::made;
    switch (event.verb) {
    case small_verb::post:
        if (its.is_posted_inside) at(its.whole).to_post |= 1U << event.task;
        else post(event.task);
        break;
    case small_verb::end: self.may_end = true; break;
    case small_verb::cancel:
        if (is_made) (void)self.task.request_cancel();
        break;
    case small_verb::hold:
        if (is_made && !self.task.pause()) ++self.holds;
        break;
    case small_verb::resume:
        if (self.holds > 0) --self.holds, (void)self.task.resume();
        break;
    case small_verb::wait: self.to_await = event.awaited; break;
    }
    look();
}

void small_world_stage::post(int number)
{
    const small_task& its = world_.tasks[static_cast<std::size_t>(number)];
    actor& made = at(number);
    task_options options = options_of(its);
    // What was refused, or never posted, cannot be waited for.
    if (its.whole >= 0 && at(its.whole).posted == post_state::made) options.parent = at(its.whole).task;
    if (its.after >= 0 && at(its.after).posted == post_state::made) options.after = {at(its.after).task};
    try {
        made.task =
            engine_.post([stage = shared_from_this(), number](task_context& self) { stage->play(self, number); },
                         std::move(options));
        made.posted = post_state::made;
    } catch (const std::system_error& error) {
        made.refusal = error.code();
        made.posted = post_state::refused;
    }
}

void small_world_stage::look() noexcept
{
    ++looks_;
    looks_.notify_all();
}

// --- Bodies ---

void small_world_stage::play(task_context& self, int number)
{
    struct end_mark {
        ~end_mark() { of.is_over = true; }
        actor& of;
    } mark{at(number)};
    const std::stop_callback cancelled(self.stop_token(), [this] { look(); });
    at(number).has_begun = true;
    for (;;) {
        const unsigned seen = looks_;
        obey(number);
        self.checkpoint();
        if (at(number).may_end) return;
        looks_.wait(seen);
    }
}

void small_world_stage::obey(int number)
{
    const unsigned posts = at(number).to_post;
    for (int other = 0; other < count(); ++other)
        if (posts & (1U << other)) post(other);
    at(number).to_post &= ~posts;
    if (at(number).to_await >= 0) await(number);
}

void small_world_stage::await(int number)
{
    const actor& awaited = at(at(number).to_await);
    if (awaited.posted == post_state::made) {
        at(number).is_waiting = true;
        const wait_status status = awaited.task.wait_for_completion();
        at(number).is_waiting = false;
        const bool is_complete = awaited.task.is_complete();
        if (status == wait_status::timed_out || (status == wait_status::completed && !is_complete)) has_lied_ = true;
    }
    at(number).to_await = -1;
}

// --- As far as can be seen from outside ---

bool small_world_stage::comes_to_rest(steady_clock::time_point deadline) const
{
    return polled([this] { return is_quiet() && is_quiet(); }, deadline);
}

bool small_world_stage::is_quiet() const
{
    for (int number = 0; number < count(); ++number)
        if (!is_quiet(number)) return false;
    return true;
}

/// Nothing is to be expected of this task before the next event.
bool small_world_stage::is_quiet(int number) const
{
    const actor& its = at(number);
    if (its.posted != post_state::made || its.task.is_complete()) return true;
    if (its.is_over) return has_living_part(number);
    if (its.has_begun) return body_is_quiet(its);
    // Stopped unbegun, it has yet to wait for its parts.
    if (its.task.cancel_requested() && has_living_part(number)) return true;
    const obstacle_kind obstacle = its.task.obstacle().kind;
    return obstacle != obstacle_kind::worker && obstacle != obstacle_kind::none;
}

bool small_world_stage::body_is_quiet(const actor& its) const
{
    if (its.is_waiting) {
        const int awaited = its.to_await;
        return awaited >= 0 && !at(awaited).task.is_complete();
    }
    if (its.holds > 0) return its.task.state() == task_state::paused;
    return its.to_post == 0 && its.to_await < 0 && !its.may_end && !its.task.cancel_requested();
}

bool small_world_stage::has_living_part(int number) const
{
    for (int other = 0; other < count(); ++other)
        if (world_.tasks[static_cast<std::size_t>(other)].whole == number && at(other).posted == post_state::made
            && !at(other).task.is_complete())
            return true;
    return false;
}

// --- The end ---

void small_world_stage::let_go()
{
    for (int number = 0; number < count(); ++number) {
        actor& its = at(number);
        its.may_end = true;
        for (; its.holds > 0; --its.holds) (void)its.task.resume();
    }
    look();
}

/// A body posts its parts before it ends: so none is posted when all have.
bool small_world_stage::all_end(steady_clock::time_point deadline) const
{
    for (int number = 0; number < count(); ++number) {
        const actor& its = at(number);
        if (its.posted != post_state::made) continue;
        if (its.task.wait_for_completion(deadline - steady_clock::now()) != wait_status::completed) return false;
    }
    return true;
}

/// Whether all was accepted, and ended, as it should.
std::string small_world_stage::judge() const
{
    bool is_undisturbed = !world_.has(small_verb::cancel);
    for (int number = 0; number < count(); ++number) {
        const actor& its = at(number);
        if (its.posted == post_state::refused && !may_be_refused(number))
            return report("task " + std::to_string(number) + " refused: " + its.refusal.message());
        if (its.posted == post_state::made && its.task.error() == errc::cycle) is_undisturbed = false;
    }
    if (!may_have_circles() && !is_undisturbed && !world_.has(small_verb::cancel))
        return report("a circle where none can be");
    for (int number = 0; number < count(); ++number) {
        const actor& its = at(number);
        if (its.posted != post_state::made || its.task.state() == task_state::succeeded) continue;
        if (is_undisturbed) return report("task " + std::to_string(number) + " has not succeeded");
        if (its.task.error() != errc::cancelled && its.task.error() != errc::cycle)
            return report(its.task.error().message());
    }
    return has_lied_ ? report("a wait has lied") : "";
}

/// Nobody waits for a new task but its whole; so none else can close a circle,
/// and that only if it has something to wait for itself.
bool small_world_stage::may_be_refused(int number) const
{
    const small_task& its = world_.tasks[static_cast<std::size_t>(number)];
    if (at(number).refusal == errc::already_ended) return its.whole >= 0;
    const bool waits = its.after >= 0 || its.in_lane || its.claims != small_task{}.claims;
    return at(number).refusal == errc::cycle && its.whole >= 0 && waits;
}

bool small_world_stage::may_have_circles() const
{
    return world_.has_parts() || world_.has(small_verb::wait);
}

std::string small_world_stage::report(const std::string& finding) const
{
    std::string text = "\"" + world_.text() + "\", // " + finding;
    for (int number = 0; number < count(); ++number) {
        const actor& its = at(number);
        if (its.posted != post_state::made || its.task.is_complete()) continue;
        text += "\n    // " + std::to_string(number) + ": " + who_waits(its.task);
        if (its.is_waiting) text += "; its body waits for " + std::to_string(its.to_await);
    }
    return text;
}

int small_world_stage::refusals() const
{
    int refused = 0;
    for (const actor& each : actors_)
        if (each.posted == post_state::refused) ++refused;
    return refused;
}

bool small_world_stage::clear_away()
{
    let_go();
    for (int number = 0; number < count(); ++number)
        if (at(number).posted == post_state::made) (void)at(number).task.request_cancel();
    return all_end(steady_clock::now() + 1s);
}

} // namespace vmtask::test
