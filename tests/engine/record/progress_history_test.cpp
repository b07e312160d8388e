// SPDX-License-Identifier: BSL-1.0
#include "record/progress_history.hpp"

#include "support/catch.hpp"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>

using namespace std::chrono_literals;
using vmtask::detail::progress_history;
using vmtask::detail::steady_time;

namespace {

/// A history, and a task of 1000 units that got as far as it was told.
class observed {
public:
    void at(std::chrono::milliseconds when, std::uint64_t done)
    {
        history.note(steady_time(1h) + when, {static_cast<double>(done) / 1000, done, 1000});
    }

    /// Looks often while the task gets on evenly.
    void watch(std::chrono::milliseconds from, std::chrono::milliseconds to, std::uint64_t per_second)
    {
        for (auto when = from; when <= to; when += 10ms)
            at(when, static_cast<std::uint64_t>((when - from).count()) * per_second / 1000);
    }

    progress_history history;
};

} // namespace

TEST_CASE("nothing is known of the speed before there are two looks, a second apart", "[progress][speed]")
{
    observed task;
    CHECK_FALSE(task.history.units_per_second());
    CHECK_FALSE(task.history.time_left());
    task.at(0s, 100);
    CHECK_FALSE(task.history.units_per_second());
    task.at(999ms, 200);
    CHECK_FALSE(task.history.units_per_second());
    CHECK_FALSE(task.history.time_left());
    task.at(1000ms, 200);
    CHECK(task.history.units_per_second() == 100);
    CHECK(task.history.time_left() == 8s);
}

TEST_CASE("the speed is that of the last ten seconds, however often somebody looks", "[progress][speed]")
{
    observed task;
    task.watch(0s, 20s, 10);
    CHECK(std::abs(task.history.units_per_second().value() - 10) < 0.2);
    CHECK(task.history.time_left().value() <= 80s);
    CHECK(task.history.time_left().value() > 78s);
    // Twice as fast, once the slow time is forgotten.
    for (auto when = 20000ms; when <= 32s; when += 10ms)
        task.at(when, 200 + static_cast<std::uint64_t>((when - 20s).count()) * 20 / 1000);
    CHECK(std::abs(task.history.units_per_second().value() - 20) < 0.4);
    CHECK(task.history.time_left().value() < 29s);
}

TEST_CASE("who looks seldom is told the speed since the look before", "[progress][speed]")
{
    observed task;
    task.at(0s, 0);
    task.at(60s, 60);
    CHECK(task.history.units_per_second() == 1);
    task.at(120s, 180);
    CHECK(task.history.units_per_second() == 2);
    CHECK(task.history.time_left() == 410s);
}

TEST_CASE("a task that stalls has a speed of nothing and an unknown time left", "[progress][speed]")
{
    observed task;
    task.watch(0s, 5s, 100);
    for (auto when = 5000ms; when <= 17s; when += 500ms) task.at(when, 500);
    CHECK(task.history.units_per_second() == 0);
    CHECK_FALSE(task.history.time_left());
    task.at(18s, 510);
    CHECK(task.history.time_left().value() > 0s);
}

TEST_CASE("a step that counts anew begins a speed of its own, not a negative one", "[progress][speed]")
{
    observed task;
    task.watch(0s, 5s, 100);
    task.at(6s, 3);
    CHECK_FALSE(task.history.units_per_second());
    task.at(7s, 10);
    CHECK(task.history.units_per_second() == 7);
    task.history.begin_other_units();
    task.at(8s, 900);
    CHECK_FALSE(task.history.units_per_second());
    task.at(9s, 950);
    CHECK(task.history.units_per_second() == 50);
}

TEST_CASE("the time left is never negative, and unknown where it would be nonsense", "[progress][speed]")
{
    progress_history history;
    const steady_time begin(1h);
    history.note(begin, {0.1, 0, 0});
    history.note(begin + 1s, {std::nextafter(0.1, 1.0), 0, 0});
    CHECK_FALSE(history.time_left());
    history.note(begin + 2s, {1.0, 0, 0});
    CHECK(history.time_left() == 0s);
    CHECK(history.units_per_second() == 0);
    // A fraction that the caller let fall, which a task's cell never does.
    history.note(begin + 3s, {0.05, 0, 0});
    CHECK_FALSE(history.time_left());
    history.note(begin + 100h, {0.06, std::numeric_limits<std::uint64_t>::max(), 0});
    CHECK(history.units_per_second().value() > 0);
}
