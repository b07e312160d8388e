// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <thread>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using std::chrono::steady_clock;
using test::patience;

namespace {

/// What two waits of that length make of a task that is let go only while the
/// second is under way.
template <class Duration>
std::vector<wait_status> wait_through_the_end(Duration timeout)
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const task<> task = engine.post([&](task_context& self) { gate.hold(self); });
    std::thread opener([&] {
        std::this_thread::sleep_for(10ms);
        gate.open();
    });
    const auto held = task.wait_for_completion(timeout);
    const auto ended = task.wait_for_completion(timeout);
    opener.join();
    return {held, ended};
}

} // namespace

TEST_CASE("a wait that times out leaves the task running", "[wait][timeout]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);

    CHECK(held.front().wait_for_completion(1ms) == wait_status::timed_out);
    CHECK(held.front().state() == task_state::running);
    CHECK_FALSE(held.front().cancel_requested());
    gate.open();
    CHECK(held.front().wait_for_completion(patience) == wait_status::completed);
    CHECK(held.front().state() == task_state::succeeded);
}

TEST_CASE("a wait never times out early", "[wait][timeout]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);

    for (const auto timeout : {100us, 1000us, 1500us, 7300us, 20000us}) {
        const auto begun = steady_clock::now();
        REQUIRE(held.front().wait_for_completion(timeout) == wait_status::timed_out);
        CHECK(steady_clock::now() - begun >= timeout);
    }
}

TEST_CASE("time-outs come although workers, queue and event loop never move", "[wait][timeout]")
{
    test::gate gate;
    test::gate loop_gate;
    asio::io_context caller;
    test::mailbox<std::error_code> heard;
    vmtask::engine engine({.workers = 2});
    const auto held = test::occupy_workers(engine, gate, 2);
    test::occupy_event_loop(engine, loop_gate);
    task<> last;
    for (int i = 0; i < 10'000; ++i) last = engine.post([](task_context&) {});

    CHECK(held.front().wait_for_completion(50ms) == wait_status::timed_out);
    CHECK(last.wait_for_completion(50ms) == wait_status::timed_out);
    const auto note = [&](std::error_code error) { heard.put(error); };
    held.front().async_wait_for(50ms, asio::bind_executor(caller, note));
    last.async_wait_for(50ms, asio::bind_executor(caller, note));
    caller.run_for(patience);

    CHECK(heard.letters() == std::vector<std::error_code>(2, errc::timed_out));
    CHECK(gate.still_holding());
    CHECK(loop_gate.still_holding());
    CHECK(last.state() == task_state::queued);
    loop_gate.open();
    gate.open();
}

TEST_CASE("a short wait times out beside a long one that began first", "[wait][timeout]")
{
    test::gate gate;
    test::mailbox<wait_status> told;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    std::thread long_one([&] { told.put(held.front().wait_for_completion(2h)); });
    std::thread short_one([&] { told.put(held.front().wait_for_completion(20ms)); });

    CHECK(told.holds(1));
    CHECK(told.letters().front() == wait_status::timed_out);
    gate.open();
    long_one.join();
    short_one.join();
    CHECK(told.letters().back() == wait_status::completed);
}

TEST_CASE("many waits with different time limits all time out, none early", "[wait][timeout]")
{
    test::gate gate;
    test::mailbox<bool> on_time;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    std::vector<std::thread> waiters;
    for (int i = 0; i < 24; ++i) {
        waiters.emplace_back([&, timeout = std::chrono::milliseconds((i * 7) % 24 + 1)] {
            const auto begun = steady_clock::now();
            const auto status = held.front().wait_for_completion(timeout);
            on_time.put(status == wait_status::timed_out && steady_clock::now() - begun >= timeout);
        });
    }
    for (auto& waiter : waiters) waiter.join();

    CHECK(gate.still_holding());
    CHECK(on_time.letters() == std::vector<bool>(24, true));
}

TEST_CASE("a duration beyond what the clock can express is no limit", "[wait][timeout]")
{
    using forever = std::vector<wait_status>;
    const forever completed{wait_status::completed, wait_status::completed};

    CHECK(wait_through_the_end(std::chrono::hours::max()) == completed);
    CHECK(wait_through_the_end(std::chrono::milliseconds::max()) == completed);
    CHECK(wait_through_the_end(std::chrono::nanoseconds::max()) == completed);
    CHECK(wait_through_the_end(std::chrono::duration<double>(1e300)) == completed);
    CHECK(wait_through_the_end(std::chrono::duration<float>(std::numeric_limits<float>::infinity())) == completed);
    CHECK(wait_through_the_end(std::chrono::duration<std::uint64_t, std::nano>::max()) == completed);
    CHECK(wait_through_the_end(std::chrono::duration<long long, std::ratio<86400LL * 365>>(1'000'000)) == completed);
}

TEST_CASE("a duration below zero, or none at all, only looks", "[wait][timeout]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const task<>& task = held.front();

    CHECK(task.wait_for_completion(std::chrono::hours::min()) == wait_status::timed_out);
    CHECK(task.wait_for_completion(std::chrono::nanoseconds::min()) == wait_status::timed_out);
    CHECK(task.wait_for_completion(std::chrono::duration<double>(-1e300)) == wait_status::timed_out);
    CHECK(task.wait_for_completion(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN()))
          == wait_status::timed_out);
    CHECK(task.wait_for_completion(std::chrono::duration<float>(-std::numeric_limits<float>::infinity()))
          == wait_status::timed_out);
    CHECK(task.wait_for_completion(std::chrono::duration<std::int8_t>(-128)) == wait_status::timed_out);
    CHECK(gate.still_holding());
}

TEST_CASE("fractions of a tick are waited for, not cut off", "[wait][timeout]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto begun = steady_clock::now();

    CHECK(held.front().wait_for_completion(std::chrono::duration<double>(0.0155)) == wait_status::timed_out);
    CHECK(steady_clock::now() - begun >= 15'500us);
    CHECK(held.front().wait_for_completion(std::chrono::duration<double, std::nano>(0.4)) == wait_status::timed_out);
}
