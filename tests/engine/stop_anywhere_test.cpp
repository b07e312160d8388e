// SPDX-License-Identifier: BSL-1.0
//
// One play in which tasks use all that there is, stopped at each of its
// checkpoints in turn: by a cancel, by a shutdown, by the engine's end.

#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/thrown.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::code_thrown_by;
using test::eventually;
using test::patience;

namespace {

/// A task with a claim and a place in a lane begins after another, has a part,
/// fails, is tried again, pauses, and is resumed by yet another; a last one
/// comes after it. Only one of them gets on at a time, so that their checkpoints
/// always come in the same order.
class play {
public:
    using deed = std::function<void(const play&, task_context&)>;

    /// Does the deed at the checkpoint of that number, counted from 1.
    explicit play(int where = 0, deed act = {}) : where_(where), act_(std::move(act))
    {
        before = engine_.post([this](task_context& self) {
            posted_.hold_regardless();
            pass(self);
            pass(self);
        });
        work = engine_.post([this](task_context& self) { do_work(self); },
                            {.lane = "lane",
                             .claims = {exclusive("disk")},
                             .after = {before},
                             .retry = retry_policy{.attempts = 2, .first_delay = 0s}});
        later = engine_.post([this](task_context& self) { pass(self); }, {.after = {work}});
        posted_.open();
    }

    [[nodiscard]] int checkpoints() const { return passed_; }
    [[nodiscard]] vmtask::engine& where() { return engine_; }
    void end_engine() { owned_.reset(); }

    [[nodiscard]] std::vector<task_handle> all() const
    {
        const std::lock_guard lock(mutex_);
        std::vector<task_handle> tasks{before, work, later};
        tasks.insert(tasks.end(), others_.begin(), others_.end());
        return tasks;
    }

    task_handle before;
    task_handle work;
    task_handle later;

private:
    void pass(task_context& self)
    {
        if (++passed_ == where_) act_(*this, self);
        self.checkpoint();
    }

    void do_work(task_context& self)
    {
        pass(self);
        if (++attempts_ == 1) {
            const task_handle part = add(engine_.post(
                [this](task_context& its) {
                    pass(its);
                    pass(its);
                },
                {.lane = "lane", .claims = {exclusive("disk")}, .parent = self.handle()}));
            if (part.wait_for_completion() != wait_status::completed) throw std::logic_error("the wait was refused");
            pass(self);
            throw std::runtime_error("on purpose");
        }
        add(engine_.post([this](task_context& its) { resume_work(its); }));
        (void)self.handle().pause();
        pass(self);
        pass(self);
    }

    void resume_work(task_context& self)
    {
        while (work.state() != task_state::paused && !work.is_complete()) std::this_thread::sleep_for(1ms);
        try {
            pass(self);
        } catch (...) {
            (void)work.resume();
            throw;
        }
        (void)work.resume();
    }

    task_handle add(task_handle added)
    {
        const std::lock_guard lock(mutex_);
        others_.push_back(added);
        return added;
    }

    const int where_;
    const deed act_;
    test::gate posted_;
    std::atomic<int> passed_{0};
    std::atomic<int> attempts_{0};
    mutable std::mutex mutex_;
    std::vector<task_handle> others_; // guarded by mutex_
    // Last: it ends first, and the bodies with it.
    std::unique_ptr<vmtask::engine> owned_ =
        std::make_unique<vmtask::engine>(engine_options{.workers = 2, .lanes = {{"lane", 1}}});
    vmtask::engine& engine_ = *owned_;
};

int count_checkpoints()
{
    play undisturbed;
    REQUIRE(undisturbed.later.wait_for_completion(patience) == wait_status::completed);
    for (const task_handle& each : undisturbed.all()) {
        REQUIRE(each.wait_for_completion(patience) == wait_status::completed);
        CHECK(each.state() == task_state::succeeded);
    }
    return undisturbed.checkpoints();
}

void nothing(task_context&) {}

/// Who sees the end of the work finds what it has claimed free, and its place.
void check_that_all_is_free(play& played)
{
    const auto next =
        played.where().post(nothing, {.lane = "lane", .claims = {exclusive("disk")}, .when_busy = when_busy::fail});
    CHECK(next.wait_for_completion(patience) == wait_status::completed);
    CHECK(next.state() == task_state::succeeded);
}

/// However the work ended, it is known of all of them how.
void check_ends(const play& played)
{
    for (const task_handle& each : played.all()) REQUIRE(each.wait_for_completion(patience) == wait_status::completed);
    const bool succeeded = played.work.state() == task_state::succeeded;
    CHECK(succeeded == (played.work.percent_completed() == 100));
    if (played.work.state() == task_state::cancelled)
        CHECK(code_thrown_by([&] { played.work.result(); }) == errc::cancelled);
    for (const task_handle& each : played.all())
        if (each.state() == task_state::failed) CHECK(each.error() == errc::predecessor_failed);
}

} // namespace

TEST_CASE("a task that is cancelled at any checkpoint ends there, and leaves nothing taken", "[cancel][anywhere]")
{
    const int checkpoints = count_checkpoints();
    CHECK(checkpoints == 11);
    for (int where = 1; where < checkpoints; ++where) { // the last is of the task that comes after
        CAPTURE(where);
        play played(where, [](const play& its, task_context&) { (void)its.work.request_cancel(); });
        REQUIRE(played.work.wait_for_completion(patience) == wait_status::completed);
        check_that_all_is_free(played);
        check_ends(played);
        CHECK(played.work.state() == task_state::cancelled);
        CHECK(played.before.state() == task_state::succeeded);
        CHECK(played.later.error() == errc::predecessor_failed);
    }
}

TEST_CASE("whoever is cancelled at any checkpoint, the others come to an end", "[cancel][anywhere]")
{
    const int checkpoints = count_checkpoints();
    for (int where = 1; where <= checkpoints; ++where) {
        CAPTURE(where);
        play played(where, [](const play&, task_context& self) { (void)self.handle().request_cancel(); });
        REQUIRE(played.work.wait_for_completion(patience) == wait_status::completed);
        check_that_all_is_free(played);
        check_ends(played);
        const auto tasks = played.all();
        const auto is_cancelled = [](const task_handle& each) { return each.state() == task_state::cancelled; };
        CHECK(std::any_of(tasks.begin(), tasks.end(), is_cancelled));
    }
}

TEST_CASE("a shutdown that begins at any checkpoint leaves nobody behind, and tells all who wait",
          "[shutdown][anywhere]")
{
    const int checkpoints = count_checkpoints();
    const bool by_destruction = GENERATE(false, true);
    for (int where = 1; where <= checkpoints; ++where) {
        CAPTURE(where, by_destruction);
        std::atomic<bool> reached{false};
        std::atomic<bool> heard_of{false};
        test::mailbox<std::error_code> told;
        play played(where, [&](const play&, task_context& self) {
            reached = true;
            heard_of = eventually([&] { return self.stop_requested(); });
        });
        for (const task_handle& each : {played.before, played.work, played.later})
            each.async_wait([&](std::error_code error) { told.put(error); });
        REQUIRE(eventually([&] { return reached.load(); }));
        std::thread blocked([&] {
            told.put(played.later.wait_for_completion() == wait_status::completed
                         ? std::error_code()
                         : std::make_error_code(std::errc::timed_out));
        });

        if (by_destruction) played.end_engine();
        else CHECK(played.where().shutdown(shutdown_mode::cancel, patience).complete());

        blocked.join();
        CHECK(told.holds(4));
        CHECK(told.letters() == std::vector<std::error_code>(4));
        CHECK(heard_of);
        for (const task_handle& each : played.all()) REQUIRE(each.is_complete());
        check_ends(played);
        CHECK(played.later.state() != task_state::succeeded);
        if (!by_destruction) CHECK(code_thrown_by([&] { played.where().post(nothing); }) == errc::shutting_down);
    }
}
