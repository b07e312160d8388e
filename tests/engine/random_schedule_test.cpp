// SPDX-License-Identifier: BSL-1.0

// Does everything that the engine offers, in an order that a seed decides, and
// checks what must hold whatever the order.

#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/patience.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;

namespace {

constexpr std::array resources{"a", "b", "c"};
constexpr std::size_t lane_limit = 2;

/// What the bodies find to be wrong, and what they need to know of each other.
///
/// A family is a task and all its parts: they share claims and places in lanes.
class oracle {
public:
    struct presence {
        std::size_t task;
        std::size_t family;
        std::vector<resource_claim> claims;
        bool in_lane;
    };

    void enter(const presence& entering)
    {
        const std::lock_guard lock(mutex_);
        for (const presence& other : present_)
            if (other.family != entering.family && conflict(other, entering)) note("claims overlap");
        present_.push_back(entering);
        std::vector<std::size_t> in_lane;
        for (const presence& each : present_)
            if (each.in_lane) in_lane.push_back(each.family);
        std::sort(in_lane.begin(), in_lane.end());
        const auto families = std::unique(in_lane.begin(), in_lane.end()) - in_lane.begin();
        if (families > static_cast<std::ptrdiff_t>(lane_limit)) note("too many tasks in the lane");
    }

    void leave(const presence& leaving)
    {
        const std::lock_guard lock(mutex_);
        const auto found = std::find_if(present_.begin(), present_.end(),
                                        [&](const presence& each) { return each.task == leaving.task; });
        present_.erase(found);
    }

    void require(bool holds, const char* otherwise)
    {
        if (holds) return;
        const std::lock_guard lock(mutex_);
        note(otherwise);
    }

    std::vector<std::string> findings() const
    {
        const std::lock_guard lock(mutex_);
        return findings_;
    }

private:
    static bool conflict(const presence& left, const presence& right)
    {
        for (const auto& mine : left.claims)
            for (const auto& theirs : right.claims)
                if (mine.resource == theirs.resource
                    && (mine.mode == claim_mode::exclusive || theirs.mode == claim_mode::exclusive))
                    return true;
        return false;
    }
    void note(const char* finding) { findings_.emplace_back(finding); }

    mutable std::mutex mutex_;
    std::vector<presence> present_;
    std::vector<std::string> findings_;
};

/// Posts, cancels, pauses and waits as its random numbers say.
class driver {
public:
    explicit driver(unsigned seed)
        : random_(seed), engine_({.workers = 3, .queue_limit = 200, .lanes = {{"lane", lane_limit}}})
    {
    }

    void run(int steps)
    {
        for (int step = 0; step < steps; ++step) {
            switch (draw() % 10) {
            case 0:
            case 1:
            case 2:
            case 3: post(); break;
            case 4: some_task().request_cancel(); break;
            case 5: pause_some(); break;
            case 6: resume_some(); break;
            case 7: (void)some_task().wait_for_completion(draw() % 2 == 0 ? 0ms : 1ms); break;
            case 8: some_task().set_priority(random_priority()); break;
            default: look_around(); break;
            }
        }
        finish();
    }

    [[nodiscard]] const oracle& findings() const { return oracle_; }

private:
    struct body_plan {
        oracle::presence presence;
        std::vector<task_handle> after;
        bool must_have_succeeded;
        task_handle parent;
        unsigned checkpoints;
        bool fails;
    };

    void post()
    {
        task_options options;
        const std::size_t family = ++families_;
        body_plan plan{{family, family, {}, false}, {}, true, {}, draw() % 4, draw() % 6 == 0};
        if (draw() % 2 == 0) options.claims = random_claims();
        if (draw() % 3 == 0) options.lane = "lane";
        options.priority = random_priority();
        if (draw() % 5 == 0) options.kind = "kind";
        if (draw() % 4 == 0) options.retry = retry_policy{.attempts = 3, .first_delay = draw() % 2 * 1ms};
        if (draw() % 6 == 0) options.limits.running = time_limit(1ms);
        if (draw() % 6 == 0) options.limits.total = time_limit(2ms, limit_action::report);
        if (!options.claims.empty() && draw() % 4 == 0) options.when_busy = when_busy::fail;
        if (!options.kind.empty() && !options.claims.empty() && draw() % 2 == 0)
            options.when_busy = draw() % 2 == 0 ? when_busy::join : when_busy::replace;
        if (draw() % 4 == 0) relate(options, plan);
        if (draw() % 4 == 0 && !posted_.empty()) options.after.push_back(some_task());
        if (draw() % 2 == 0) options.after_failure = after_failure::begin;
        // Parts that come after, or need, what waits for their whole: only a
        // cancel ends such a circle.
        if (options.after.empty() && !options.parent && draw() % 6 == 0) options.cancelable = false;

        plan.presence.claims = options.claims;
        plan.presence.in_lane = !options.lane.empty();
        plan.after = options.after;
        plan.must_have_succeeded = options.after_failure == after_failure::fail;
        try {
            note(engine_.post(body(std::move(plan)), std::move(options)));
        } catch (const std::system_error& error) {
            const bool expected = error.code() == errc::resource_busy || error.code() == errc::queue_full
                || error.code() == errc::cycle || error.code() == errc::already_ended;
            oracle_.require(expected, error.what());
        }
    }

    /// Who joined another task has got one that is known already.
    void note(const task_handle& posted)
    {
        const auto known =
            std::find_if(posted_.begin(), posted_.end(), [&](const auto& each) { return each.first == posted; });
        if (known == posted_.end()) posted_.push_back({posted, family_});
    }

    /// Makes the task a part of another.
    void relate(task_options& options, body_plan& plan)
    {
        if (posted_.empty()) return;
        const auto& whole = posted_[draw() % posted_.size()];
        options.parent = whole.first;
        plan.parent = whole.first;
        plan.presence.family = whole.second;
        family_ = whole.second;
    }

    std::function<void(task_context&)> body(body_plan plan)
    {
        if (!plan.parent) family_ = plan.presence.family;
        return [this, plan = std::move(plan)](task_context& self) {
            for (const task_handle& before : plan.after) {
                oracle_.require(before.is_complete(), "begun before its predecessor had ended");
                if (plan.must_have_succeeded)
                    oracle_.require(before.state() == task_state::succeeded, "begun after a failed predecessor");
            }
            if (plan.parent) oracle_.require(!plan.parent.is_complete(), "the whole has ended before its part");
            oracle_.enter(plan.presence);
            try {
                for (unsigned i = 0; i < plan.checkpoints; ++i) {
                    self.checkpoint();
                    std::this_thread::yield();
                }
            } catch (...) {
                oracle_.leave(plan.presence);
                throw;
            }
            oracle_.leave(plan.presence);
            if (plan.parent) oracle_.require(!plan.parent.is_complete(), "the whole has ended before its part");
            if (plan.fails) throw std::runtime_error("on purpose");
        };
    }

    void pause_some()
    {
        const task_handle task = some_task();
        if (!task.pause()) paused_.push_back(task);
    }

    void resume_some()
    {
        if (paused_.empty()) return;
        std::swap(paused_[draw() % paused_.size()], paused_.back());
        (void)paused_.back().resume();
        paused_.pop_back();
    }

    void look_around()
    {
        for (const task_handle& task : engine_.tasks()) {
            const obstacle obstacle = task.obstacle();
            for (const task_handle& other : obstacle.tasks) oracle_.require(!(other == task), "in its own way");
        }
    }

    /// Every task ends, and each in a way that its body can account for.
    void finish()
    {
        const auto mode = draw() % 2 == 0 ? shutdown_mode::drain : shutdown_mode::cancel;
        for (const task_handle& each : engine_.shutdown(mode, 10ms).unfinished) {
            while (!each.resume()) {
            }
        }
        const auto final_report = engine_.shutdown(shutdown_mode::cancel, patience);
        oracle_.require(final_report.complete(), "a task was left behind");
        for (const auto& [task, family] : posted_) {
            oracle_.require(task.is_complete(), "a task has not ended");
            oracle_.require((task.percent_completed() == 100) == (task.state() == task_state::succeeded),
                            "100 % and success are not the same");
            oracle_.require(task.wait_for_completion(0ms) == wait_status::completed, "a wait for an ended task");
        }
    }

    task_handle some_task()
    {
        if (posted_.empty()) post();
        if (posted_.empty()) return engine_.post([](task_context&) {});
        return posted_[draw() % posted_.size()].first;
    }

    unsigned draw() { return static_cast<unsigned>(random_()); }

    task_priority random_priority() { return static_cast<task_priority>(draw() % 3); }

    std::vector<resource_claim> random_claims()
    {
        std::vector<resource_claim> claims;
        for (const char* name : resources)
            if (draw() % 2 == 0) claims.push_back({name, draw() % 2 == 0 ? claim_mode::shared : claim_mode::exclusive});
        return claims;
    }

    std::mt19937 random_;
    oracle oracle_;
    std::size_t families_ = 0;
    std::size_t family_ = 0; // of the task that is being posted
    std::vector<std::pair<task_handle, std::size_t>> posted_;
    std::vector<task_handle> paused_;
    engine engine_; // last: it ends first, and its bodies with it
};

} // namespace

TEST_CASE("whatever the order, every promise of the terms is kept, and no task is left behind", "[random_schedule]")
{
    const auto seed = GENERATE(range(1U, 31U));
    INFO("seed " << seed);
    driver driver(seed);
    driver.run(400);
    CHECK(driver.findings().findings() == std::vector<std::string>{});
}
