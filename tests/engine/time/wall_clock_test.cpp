// SPDX-License-Identifier: BSL-1.0
#include "time/wall_clock.hpp"

#include "engine_owner.hpp"

#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/patience.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using detail::clock_offset;
using detail::steady_time;
using detail::wall_clock;
using test::patience;

namespace {

std::atomic<steady_time::rep> ahead{0};
std::atomic<steady_time::rep> doubt{0};

/// Sets the clock that the tests' engines are told the time by.
void set_clock(steady_time::duration offset, steady_time::duration reading_took = 0s)
{
    ahead = offset.count();
    doubt = reading_took.count();
}

clock_offset fake_offset() noexcept
{
    return {steady_time::duration(ahead), steady_time::duration(doubt)};
}

steady_time::duration told_by(const wall_clock& clock)
{
    return clock.read().of(steady_time(0s)).time_since_epoch();
}

} // namespace

TEST_CASE("the system's clock is told by the steady one", "[clock]")
{
    const auto before = std::chrono::system_clock::now();
    const auto told = wall_clock().read().of(std::chrono::steady_clock::now());
    const auto after = std::chrono::system_clock::now();
    CHECK(told > before - 100ms);
    CHECK(told < after + 100ms);
}

TEST_CASE("a clock that is set is followed, also far back", "[clock]")
{
    wall_clock clock;
    clock.take_offset_from(&fake_offset);
    for (const steady_time::duration offset : {steady_time::duration(0ns), steady_time::duration(1h),
                                               steady_time::duration(-10000h), steady_time::duration(3ms)}) {
        set_clock(offset);
        CHECK(told_by(clock) == offset);
    }
}

TEST_CASE("what comes of reading two clocks one after the other is not followed", "[clock]")
{
    wall_clock clock;
    clock.take_offset_from(&fake_offset);
    set_clock(1h);
    CHECK(told_by(clock) == 1h);
    set_clock(1h + 900us);
    CHECK(told_by(clock) == 1h);
    set_clock(1h - 50ms, 60ms); // this thread had to wait in between
    CHECK(told_by(clock) == 1h);
    set_clock(1h + 2ms);
    CHECK(told_by(clock) == 1h + 2ms);
}

TEST_CASE("the times of a task follow a clock that is set after the engine was made", "[clock][outcome]")
{
    set_clock(1000h);
    vmtask::engine engine({.workers = 1});
    detail::core_of(engine).clock.take_offset_from(&fake_offset);
    const task_handle task = engine.post([](task_context&) {});
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    const task_outcome before = task.outcome();
    CHECK(task.outcome().queued == before.queued);

    set_clock(1000h + 24h);
    const task_outcome after = task.outcome();
    CHECK(after.queued - before.queued == 24h);
    CHECK(*after.started - *before.started == 24h);
    CHECK(*after.ended - *before.ended == 24h);
}

TEST_CASE("the times of one outcome are in order while the clock is set back and forth", "[clock][outcome]")
{
    static std::atomic<int> calls{0};
    vmtask::engine engine({.workers = 1});
    detail::core_of(engine).clock.take_offset_from([]() noexcept {
        return clock_offset{++calls % 2 == 0 ? steady_time::duration(1h) : steady_time::duration(0), 0s};
    });
    const task_handle task = engine.post([](task_context& self) { self.handle().request_cancel(); });
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    for (int i = 0; i < 10; ++i) {
        const task_outcome said = task.outcome();
        const std::vector times{said.queued, *said.started, *said.cancel_requested_at, *said.ended};
        CHECK(std::is_sorted(times.begin(), times.end()));
    }
}

TEST_CASE("tasks are found by when they were posted as the clock is set now", "[clock][list]")
{
    set_clock(1000h);
    vmtask::engine engine({.workers = 1});
    detail::core_of(engine).clock.take_offset_from(&fake_offset);
    const task_handle task = engine.post([](task_context&) {});
    const auto queued = task.outcome().queued;
    const auto found_since = [&](task_filter::time_point since) {
        return engine.tasks({.posted_since = since}).size();
    };
    CHECK(found_since(queued) == 1);
    CHECK(found_since(queued + 1h) == 0);
    set_clock(1000h + 1h);
    CHECK(found_since(queued + 1h) == 1);
}
