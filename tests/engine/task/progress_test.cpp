// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace vmtask;
using test::patience;

namespace {

/// What a handle shows while a body that did `report` is still running.
template <class Report>
std::pair<int, progress_snapshot> shown_after(Report report)
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) {
        report(self);
        gate.hold(self);
    });
    if (!gate.reached()) throw std::runtime_error("the body did not begin");
    const std::pair shown(task.percent_completed(), task.progress());
    return shown;
}

} // namespace

TEST_CASE("a task that reports nothing shows 0, then 100 when it has succeeded", "[progress]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const task<> queued = engine.post([](task_context&) {});
    CHECK(held.front().percent_completed() == 0);
    CHECK(queued.percent_completed() == 0);
    CHECK(queued.progress().fraction == 0);
    CHECK(queued.progress().unit.empty());
    CHECK(queued.progress().step.empty());

    gate.open();
    REQUIRE(queued.wait_for_completion(patience) == wait_status::completed);
    CHECK(queued.percent_completed() == 100);
    CHECK(queued.progress().fraction == 1);
}

TEST_CASE("a reported fraction shows as whole percents, rounded down", "[progress]")
{
    const auto [percent, snapshot] = shown_after([](task_context& self) { self.report_progress(0.4375); });
    CHECK(percent == 43);
    CHECK(snapshot.fraction == 0.4375);
    CHECK(snapshot.done == 0);
    CHECK(snapshot.total == 0);
}

TEST_CASE("percents done of a hundred show as so many percents", "[progress]")
{
    std::vector<int> shown;
    std::vector<int> expected;
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) {
        const task_handle own = engine.find(self.id());
        for (std::uint64_t done = 0; done < 100; ++done) {
            self.report_progress(done, 100);
            shown.push_back(own.percent_completed());
            expected.push_back(static_cast<int>(done));
        }
    });
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(shown == expected);
}

TEST_CASE("a fraction close to the end shows as it was reported", "[progress]")
{
    const auto [percent, snapshot] = shown_after([](task_context& self) { self.report_progress(2047, 2048); });
    CHECK(percent == 99);
    CHECK(snapshot.fraction == 2047.0 / 2048.0);
}

TEST_CASE("reported amounts show as amounts and as a fraction", "[progress]")
{
    const auto [percent, snapshot] = shown_after([](task_context& self) {
        self.set_progress_unit("bytes");
        self.report_step("moving blocks");
        self.report_progress(std::uint64_t{3} << 40, std::uint64_t{4} << 40);
    });
    CHECK(percent == 75);
    CHECK(snapshot.fraction == 0.75);
    CHECK(snapshot.done == std::uint64_t{3} << 40);
    CHECK(snapshot.total == std::uint64_t{4} << 40);
    CHECK(snapshot.unit == "bytes");
    CHECK(snapshot.step == "moving blocks");
}

TEST_CASE("what is shown never falls", "[progress]")
{
    const auto [percent, snapshot] = shown_after([](task_context& self) {
        self.report_progress(0.625);
        self.report_progress(0.2);
        self.report_progress(std::uint64_t{1}, std::uint64_t{10});
        self.report_progress(std::uint64_t{0}, std::uint64_t{0});
        self.report_progress(-1.0);
    });
    CHECK(percent == 62);
    CHECK(snapshot.fraction == 0.625);
}

TEST_CASE("a total that grows shows, while the fraction stays", "[progress]")
{
    const auto [percent, snapshot] = shown_after([](task_context& self) {
        self.report_progress(std::uint64_t{5}, std::uint64_t{10});
        self.report_progress(std::uint64_t{6}, std::uint64_t{100});
    });
    CHECK(percent == 50);
    CHECK(snapshot.done == 6);
    CHECK(snapshot.total == 100);
}

TEST_CASE("an unknown total leaves the fraction alone", "[progress]")
{
    const auto [percent, snapshot] = shown_after([](task_context& self) { self.report_progress(std::uint64_t{5}, 0); });
    CHECK(percent == 0);
    CHECK(snapshot.fraction == 0);
    CHECK(snapshot.done == 5);
    CHECK(snapshot.total == 0);
}

TEST_CASE("all the work done is not yet 100 percent", "[progress]")
{
    for (const double fraction : {1.0, 0.99999999, 2.5, 1e300, std::numeric_limits<double>::infinity()}) {
        const auto [percent, snapshot] = shown_after([&](task_context& self) { self.report_progress(fraction); });
        CHECK(percent == 99);
        CHECK(snapshot.fraction < 1);
        CHECK(snapshot.fraction >= 0.99);
    }
    const auto [percent, snapshot] = shown_after([](task_context& self) { self.report_progress(20, 10); });
    CHECK(percent == 99);
    CHECK(snapshot.fraction < 1);
    const auto largest = shown_after([](task_context& self) {
        self.report_progress(std::numeric_limits<std::uint64_t>::max(), std::numeric_limits<std::uint64_t>::max());
    });
    CHECK(largest.first == 99);
    CHECK(largest.second.done == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("a report below 0, or of no number, shows nothing wrong", "[progress]")
{
    for (const double fraction :
         {-0.5, -1e300, -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
        const auto [percent, snapshot] = shown_after([&](task_context& self) { self.report_progress(fraction); });
        CHECK(percent == 0);
        CHECK(snapshot.fraction == 0);
    }
    const auto [percent, snapshot] = shown_after([](task_context& self) {
        self.report_progress(std::numeric_limits<double>::quiet_NaN());
        self.report_progress(0.5);
        self.report_progress(std::numeric_limits<double>::quiet_NaN());
    });
    CHECK(percent == 50);
    CHECK(snapshot.fraction == 0.5);
}

TEST_CASE("a task that failed or was cancelled never shows 100 percent", "[progress]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 2});
    const task<> fails = engine.post([](task_context& self) {
        self.report_progress(1.0);
        throw std::runtime_error("no");
    });
    const task<> stopped = engine.post([&](task_context& self) {
        self.report_progress(7, 7);
        gate.hold(self);
    });
    REQUIRE(gate.reached());
    REQUIRE_FALSE(stopped.request_cancel());
    for (const auto& task : {fails, stopped}) {
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
        CHECK(task.percent_completed() == 99);
        CHECK(task.progress().fraction < 1);
    }
}

TEST_CASE("a task that has succeeded keeps its last amounts, unit and step", "[progress]")
{
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([](task_context& self) {
        self.set_progress_unit("blocks");
        self.report_step("first");
        self.report_step("last");
        self.report_progress(7, 8);
    });
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    const progress_snapshot snapshot = task.progress();

    CHECK(snapshot.fraction == 1);
    CHECK(snapshot.done == 7);
    CHECK(snapshot.total == 8);
    CHECK(snapshot.unit == "blocks");
    CHECK(snapshot.step == "last");
}

TEST_CASE("a step or unit that is a view of something short-lived is kept", "[progress]")
{
    const auto [percent, snapshot] = shown_after([](task_context& self) {
        std::string text(1000, 'x');
        self.report_step(text);
        self.set_progress_unit(std::string_view(text).substr(0, 100));
        text.assign(1000, 'y');
    });
    CHECK(percent == 0);
    CHECK(snapshot.step == std::string(1000, 'x'));
    CHECK(snapshot.unit == std::string(100, 'x'));
}
