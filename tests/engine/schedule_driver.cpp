// SPDX-License-Identifier: BSL-1.0
#include "schedule_driver.hpp"

#include "fake_journal.hpp"

#include "support/who_waits.hpp"

#include <algorithm>
#include <memory>
#include <system_error>

using namespace std::chrono_literals;

namespace vmtask::test {
namespace {

/// Tasks at most, those that bodies post included.
constexpr std::size_t most_tasks = 120;

std::string told(const std::vector<resource_claim>& claims)
{
    std::string text = " [";
    for (const auto& each : claims) text += each.resource + (each.mode == claim_mode::exclusive ? "! " : " ");
    if (!claims.empty()) text.pop_back();
    return text + "]";
}

std::string name_of(const schedule_member& member)
{
    return "#" + std::to_string(member.number);
}

/// One that answers late, on a thread of its own.
std::shared_ptr<task_journal> late_journal()
{
    auto journal = std::make_shared<fake_journal>();
    journal->answer_posts(fake_journal::answer::by_thread);
    journal->answer_cancels(fake_journal::answer::by_thread);
    journal->answer_ends(fake_journal::answer::by_thread);
    return journal;
}

/// For people who look at a schedule that stands still; its first word is the name.
std::string told(const schedule_member& member, const task_options& options)
{
    std::string text = name_of(member) + told(options.claims);
    if (!options.lane.empty()) text += " lane " + options.lane;
    if (options.parent) text += " part of " + std::to_string(options.parent.id());
    for (const auto& each : options.after) text += " after " + std::to_string(each.id());
    if (!options.cancelable) text += " not cancelable";
    return text;
}

} // namespace

schedule_driver::schedule_driver(unsigned seed)
    : dice_(seed),
      engine_({.workers = 2 + seed % 2,
               .queue_limit = 60,
               .lanes = {{schedule_lanes[0].name, schedule_lanes[0].limit},
                         {schedule_lanes[1].name, schedule_lanes[1].limit}},
               .journal = late_journal()})
{
}

void schedule_driver::run(int steps, std::chrono::milliseconds longest)
{
    for (int i = 0; i < steps; ++i) {
        step();
        clock_.advance();
    }
    let_go();
    require_liveness(longest);
    if (may_go_) check_ends();
}

void schedule_driver::step()
{
    const entry one = some(dice_);
    if (!one.task) return post(dice_, nullptr, {});
    switch (dice_.below(16)) {
    case 0: (void)one.task.request_cancel(); break;
    case 1: pause_some(); break;
    case 2: resume_some(); break;
    case 3:
    case 4: (void)one.task.wait_for_completion(dice_.moment()); break;
    case 5: (void)one.task.set_priority(static_cast<task_priority>(dice_.below(3))); break;
    case 6: change_lane(); break;
    case 7: look_around(); break;
    case 8: post_source(); break;
    case 9: end_some_source(); break;
    default: post(dice_, nullptr, {}); break;
    }
}

// --- Posting ---

void schedule_driver::post(schedule_dice& dice, poster from, const task_handle& self)
{
    if (members_ >= most_tasks) return;
    body_plan plan{{}, {}, true, {}, dice.seed(), from ? from->depth + 1 : 0, dice.below(8), dice.one_in(8)};
    task_options options = draw_options(dice, from, self, plan);
    plan.after = options.after;
    plan.must_have_succeeded = options.after_failure == after_failure::fail;
    plan.parent = options.parent;
    try_to_post(std::move(plan), std::move(options), dice.one_in(6));
}

task_options schedule_driver::draw_options(schedule_dice& dice, poster from, const task_handle& self, body_plan& plan)
{
    task_options options;
    if (dice.one_in(2)) options.claims = dice.claims();
    if (dice.one_in(3)) options.lane = dice.lane();
    options.priority = static_cast<task_priority>(dice.below(3));
    if (dice.one_in(5)) options.kind = "kind";
    if (dice.one_in(5)) options.retry = retry_policy{.attempts = 2, .first_delay = dice.moment()};
    const auto action = dice.one_in(2) ? limit_action::cancel : limit_action::report;
    if (dice.one_in(12)) options.limits.queued = time_limit(dice.moment(), action);
    if (dice.one_in(12)) options.limits.running = time_limit(dice.moment(), action);
    if (dice.one_in(12)) options.limits.total = time_limit(2 * dice.moment(), action);
    if (dice.one_in(12)) options.limits.without_progress = time_limit(dice.moment(), action);
    if (!options.claims.empty() && dice.one_in(6)) options.when_busy = when_busy::fail;
    if (!options.kind.empty() && !options.claims.empty() && dice.one_in(2))
        options.when_busy = dice.one_in(2) ? when_busy::join : when_busy::replace;
    if (dice.one_in(from ? 2 : 4)) draw_parent(dice, from, self, options, plan);
    for (unsigned i = dice.one_in(4) ? 1 + dice.below(2) : 0; i > 0; --i)
        if (const entry before = some(dice); before.task) options.after.push_back(before.task);
    if (dice.one_in(2)) options.after_failure = after_failure::begin;
    if (dice.one_in(6)) options.cancelable = false;
    // Without the dice, so that kept seeds stay what they were.
    if (members_ % 16 == 7) options.not_before = std::chrono::steady_clock::now() + 100us;
    if (members_ % 4 == 1) {
        if (options.kind.empty()) options.kind = "journalled";
        options.parameters = "task";
    }

    const auto member = std::make_shared<schedule_member>();
    member->number = ++members_;
    member->claims = options.claims;
    member->lane = options.lane;
    if (plan.member) member->whole = std::exchange(plan.member, {});
    options.description = told(*member, options);
    plan.member = member;
    return options;
}

/// Bodies post parts of their own task, mostly; the driver of any. Until the
/// task has its own member, its plan has its whole's.
void schedule_driver::draw_parent(schedule_dice& dice, poster from, const task_handle& self, task_options& options,
                                  body_plan& plan)
{
    const bool is_own = from && !dice.one_in(4);
    const entry whole = is_own ? entry{self, from->member} : some(dice);
    options.parent = whole.task;
    plan.member = whole.member;
}

void schedule_driver::try_to_post(body_plan plan, task_options options, bool as_coroutine)
{
    const member_pointer member = plan.member;
    try {
        if (as_coroutine) {
            note(engine_.post([this, plan = std::move(plan)](task_context& self) { return run_coroutine(self, plan); },
                              std::move(options)),
                 member);
        } else {
            note(engine_.post([this, plan = std::move(plan)](task_context& self) { run_body(self, plan); },
                              std::move(options)),
                 member);
        }
    } catch (const std::system_error& error) {
        refused(error.code());
    }
}

void schedule_driver::refused(const std::error_code& why)
{
    const bool is_expected = why == errc::resource_busy || why == errc::queue_full || why == errc::cycle
        || why == errc::already_ended || why == errc::shutting_down;
    oracle_.require(is_expected, "refused: " + why.message());
}

void schedule_driver::post_source()
{
    if (sources_.size() == 4) return;
    body_plan plan{{}, {}, true, {}, 0, 0, 0, false};
    task_options options = draw_options(dice_, nullptr, {}, plan);
    options.lane.clear();
    options.after.clear();
    options.retry.reset();
    options.not_before.reset();
    if (options.claims.empty()) options.when_busy = when_busy::queue;
    else options.when_busy = when_busy::fail;
    try {
        task_source<> made(engine_, options);
        note(made.handle(), plan.member);
        sources_.push_back(std::move(made));
    } catch (const std::system_error& error) {
        refused(error.code());
    }
}

/// Who joined another task has got that one's handle. It is left to its own poster,
/// who may be later: only he knows its member.
void schedule_driver::note(const task_handle& posted, const member_pointer& member)
{
    if (posted.description().rfind(name_of(*member) + " ", 0) != 0) return;
    const std::lock_guard lock(mutex_);
    posted_.push_back({posted, member});
}

std::vector<schedule_driver::entry> schedule_driver::posted() const
{
    const std::lock_guard lock(mutex_);
    return posted_;
}

/// Rather one of the newest, which has not ended yet.
schedule_driver::entry schedule_driver::some(schedule_dice& dice) const
{
    const unsigned back = dice.below(dice.one_in(4) ? 60 : 8);
    const std::lock_guard lock(mutex_);
    if (posted_.empty()) return {};
    return posted_[posted_.size() - 1 - back % posted_.size()];
}

// --- What the driver does besides ---

void schedule_driver::pause_some()
{
    const task_handle task = some(dice_).task;
    if (!task.pause()) paused_.push_back(task);
}

void schedule_driver::resume_some()
{
    if (paused_.empty()) return;
    std::swap(paused_[dice_.below(static_cast<unsigned>(paused_.size()))], paused_.back());
    (void)paused_.back().resume();
    paused_.pop_back();
}

void schedule_driver::change_lane()
{
    const std::string lane = dice_.lane();
    const std::size_t limit = dice_.one_in(8) ? 0 : 1 + dice_.below(3);
    oracle_.expect_limit(lane, limit);
    engine_.set_lane_limit(lane, limit);
}

void schedule_driver::end_some_source()
{
    if (sources_.empty()) return;
    const task_source<> ended = std::move(sources_.back());
    sources_.pop_back();
    switch (dice_.below(3)) {
    case 0: ended.set_value(); break;
    case 1: ended.set_error(std::make_error_code(std::errc::io_error)); break;
    default: break; // it is dropped without a word
    }
}

void schedule_driver::look_around()
{
    for (const task_handle& task : engine_.tasks())
        for (const task_handle& other : task.obstacle().tasks) oracle_.require(!(other == task), "in its own way");
}

// --- The end ---

/// Nothing of the schedule's own keeps a task from its end after this.
void schedule_driver::let_go()
{
    for (const task_handle& each : paused_) (void)each.resume();
    clock_.stop();
    for (const task_source<>& each : sources_) each.set_value();
}

void schedule_driver::require_liveness(std::chrono::milliseconds longest)
{
    const auto deadline = std::chrono::steady_clock::now() + longest;
    const auto left = [&] { return deadline - std::chrono::steady_clock::now(); };
    // Half of them may post to their last, the others must do with a drain.
    bool has_ended = true;
    if (dice_.one_in(2))
        for (std::size_t i = 0; has_ended && i < posted().size(); ++i)
            has_ended = posted()[i].task.wait_for_completion(left()) == wait_status::completed;
    const shutdown_report report = engine_.shutdown(shutdown_mode::drain, has_ended ? left() : 0ms);
    if (report.complete()) return;
    report_standing(report.unfinished);
    may_go_ = engine_.shutdown(shutdown_mode::cancel, 500ms).complete();
}

void schedule_driver::report_standing(const std::vector<task_handle>& unfinished)
{
    std::string text = "the schedule stands still:";
    const std::vector<entry> all = posted();
    for (const task_handle& each : unfinished) {
        text += "\n  " + who_waits(each);
        const auto known = std::find_if(all.begin(), all.end(), [&](const entry& one) { return one.task == each; });
        if (known == all.end()) continue;
        if (const auto awaited = known->member->awaits.load())
            text += "; its body waits for " + std::to_string(awaited);
    }
    oracle_.require(false, text);
}

void schedule_driver::check_ends()
{
    for (const auto& [task, member] : posted()) {
        oracle_.require(task.is_complete(), "a task has not ended");
        oracle_.require((task.percent_completed() == 100) == (task.state() == task_state::succeeded),
                        "100 % and success are not the same");
        oracle_.require(task.wait_for_completion(0ms) == wait_status::completed, "a wait for an ended task");
    }
}

} // namespace vmtask::test
