// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>
#include <vmtask/progress_step.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;

namespace {

/// Runs `body(task_context&, look)`, where `look()` notes what a handle shows,
/// and returns the notes.
template <class Body>
std::vector<progress_snapshot> looks_during(Body body)
{
    std::vector<progress_snapshot> looks;
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) {
        const task_handle own = engine.find(self.id());
        body(self, [&] { looks.push_back(own.progress()); });
    });
    if (task.wait_for_completion(patience) != wait_status::completed) throw std::runtime_error("held");
    looks.push_back(task.progress());
    return looks;
}

std::vector<double> fractions_of(const std::vector<progress_snapshot>& looks)
{
    std::vector<double> fractions;
    for (const auto& look : looks) fractions.push_back(look.fraction);
    return fractions;
}

std::vector<std::string> steps_of(const std::vector<progress_snapshot>& looks)
{
    std::vector<std::string> steps;
    for (const auto& look : looks) steps.push_back(look.step);
    return steps;
}

/// Knows nothing of where it is called.
template <class Look>
void copy_blocks(progress_step& whole, Look look)
{
    whole.set_unit("blocks");
    for (std::uint64_t block = 1; block <= 4; ++block) {
        whole.report(block, 4);
        look();
    }
}

} // namespace

TEST_CASE("a step reports its own progress, and its weight says what that is of the whole", "[progress][step]")
{
    const auto looks = looks_during([](task_context& self, auto look) {
        progress_step whole(self);
        whole.divide_into(8);
        {
            progress_step reading = whole.step(2);
            reading.report(0.5);
            look();
        }
        look();
        progress_step writing = whole.step(4);
        look();
        copy_blocks(writing, look);
    });
    CHECK(fractions_of(looks) == std::vector{0.125, 0.25, 0.25, 0.375, 0.5, 0.625, 0.75, 1.0});
}

TEST_CASE("steps are nested to any depth", "[progress][step]")
{
    const auto looks = looks_during([](task_context& self, auto look) {
        progress_step whole(self);
        progress_step half = whole.step(0.5);
        progress_step quarter = half.step(0.5);
        progress_step eighth = quarter.step(0.5);
        eighth.report(1, 2);
        look();
        eighth.report(1.0);
        look();
    });
    CHECK(fractions_of(looks) == std::vector{0.0625, 0.125, 1.0});
}

TEST_CASE("the numbers shown are those of the step, and stay when it ends", "[progress][step]")
{
    const auto looks = looks_during([](task_context& self, auto look) {
        self.set_progress_unit("bytes");
        progress_step whole(self);
        {
            progress_step copying = whole.step(0.5);
            copy_blocks(copying, look);
        }
        look();
    });
    const progress_snapshot& inside = looks[2];
    CHECK(inside.done == 3);
    CHECK(inside.total == 4);
    CHECK(inside.unit == "blocks");
    CHECK(inside.fraction == 0.375);
    const progress_snapshot& after = looks[4];
    CHECK(after.done == 4);
    CHECK(after.total == 4);
    CHECK(after.unit == "bytes");
}

TEST_CASE("what a step is doing shows while it lasts, then what is around it", "[progress][step]")
{
    const auto looks = looks_during([](task_context& self, auto look) {
        self.report_step("task");
        progress_step whole(self);
        {
            progress_step outer = whole.step(0.5, "outer");
            look();
            {
                progress_step inner = outer.step(0.5, "inner");
                look();
                const progress_step unnamed = inner.step(1);
                look();
            }
            look();
        }
    });
    CHECK(steps_of(looks) == std::vector<std::string>{"outer", "inner", "inner", "outer", "task"});
}

TEST_CASE("a step left by an exception stays as it was, to tell where the task failed", "[progress][step]")
{
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([](task_context& self) {
        progress_step whole(self);
        progress_step first = whole.step(0.5, "first");
        first.report(0.5);
        throw std::runtime_error("no");
    });
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.progress().fraction == 0.25);
    CHECK(task.progress().step == "first");
}

TEST_CASE("weights that are too much or make no sense never leave the step", "[progress][step]")
{
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const auto looks = looks_during([&](task_context& self, auto look) {
        progress_step whole(self);
        whole.divide_into(nan);
        for (const double weight : {0.5, -1.0, nan, 7.0, 1.0}) {
            progress_step part = whole.step(weight);
            part.report(0.5);
            look();
        }
    });
    CHECK(fractions_of(looks).back() == 1);
    const double almost = std::nextafter(1.0, 0.0);
    CHECK(fractions_of(looks) == std::vector{0.25, 0.5, 0.5, 0.75, almost, 1.0});
}

TEST_CASE("progress by steps never falls either, and a hundred percent is only the end", "[progress][step]")
{
    const auto looks = looks_during([](task_context& self, auto look) {
        progress_step whole(self);
        {
            progress_step all = whole.step(1);
            all.report(0.75);
            all.report(0.25);
            look();
        }
        look();
    });
    CHECK(looks[0].fraction == 0.75);
    CHECK(looks[1].fraction < 1);
}

TEST_CASE("steps hand on the task, for checkpoints", "[progress][step]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) {
        progress_step whole(self);
        gate.hold(whole.step(1).task());
    });
    REQUIRE(gate.reached());
    CHECK_FALSE(task.request_cancel());
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::cancelled);
}

TEST_CASE("a handle that asks again after a while is told speed and time left, while the task runs",
          "[progress][speed]")
{
    vmtask::engine engine({.workers = 1});
    std::atomic<std::uint64_t> done{100};
    const auto task = engine.post([&](task_context& self) {
        while (done < 1000) {
            self.checkpoint();
            self.report_progress(done, 1000);
            std::this_thread::sleep_for(1ms);
        }
    });
    const auto ask = [&] { return task.progress(); };
    progress_snapshot shown = ask(); // the first look of all knows of no speed
    CHECK_FALSE(shown.units_per_second);
    CHECK_FALSE(shown.time_left);
    REQUIRE(test::eventually([&] { return ask().done == 100; }));
    done = 200;
    REQUIRE(test::eventually([&] {
        shown = ask();
        return shown.time_left.has_value();
    }));
    CHECK(shown.units_per_second.value() > 0);
    CHECK(shown.time_left.value() > 0s);
    done = 1000;
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK_FALSE(ask().units_per_second);
    CHECK(ask().time_left == 0s);
}
