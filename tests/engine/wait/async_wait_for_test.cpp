// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using std::chrono::steady_clock;
using test::patience;

using codes = std::vector<std::error_code>;

TEST_CASE("an asynchronous wait that times out says so and leaves the task running", "[async][timeout]")
{
    test::gate gate;
    test::mailbox<std::error_code> heard;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    held.front().async_wait_for(1ms, [&](std::error_code error) { heard.put(error); });

    REQUIRE(heard.holds(1));
    CHECK(heard.letters() == codes{errc::timed_out});
    CHECK(held.front().state() == task_state::running);
    CHECK_FALSE(held.front().cancel_requested());
    gate.open();
    REQUIRE(held.front().wait_for_completion(patience) == wait_status::completed);
    CHECK(held.front().state() == task_state::succeeded);
}

TEST_CASE("an asynchronous wait that is in time has no error, and is told once", "[async][timeout]")
{
    test::gate gate;
    test::mailbox<std::error_code> heard;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    for (const auto timeout : {patience, 2 * patience, std::chrono::seconds(1h)})
        held.front().async_wait_for(timeout, [&](std::error_code error) { heard.put(error); });

    gate.open();
    REQUIRE(heard.holds(3));
    CHECK(heard.letters() == codes(3));
}

TEST_CASE("an asynchronous wait never times out early", "[async][timeout]")
{
    test::gate gate;
    test::mailbox<bool> late_enough;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    for (int i = 0; i < 100; ++i) {
        const auto timeout = std::chrono::milliseconds((i * 37) % 50 + 1);
        const auto begun = steady_clock::now();
        held.front().async_wait_for(timeout, [&, timeout, begun](std::error_code error) {
            late_enough.put(error == errc::timed_out && steady_clock::now() - begun >= timeout);
        });
    }
    REQUIRE(late_enough.holds(100));
    CHECK(gate.still_holding());
    CHECK(late_enough.letters() == std::vector<bool>(100, true));
}

TEST_CASE("an asynchronous wait of zero or less only looks", "[async][timeout]")
{
    test::gate gate;
    test::mailbox<std::error_code> heard;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto note = [&](std::error_code error) { heard.put(error); };
    held.front().async_wait_for(0s, note);
    held.front().async_wait_for(-1h, note);
    held.front().async_wait_for(std::chrono::hours::min(), note);
    held.front().async_wait_for(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN()), note);
    REQUIRE(heard.holds(4));
    CHECK(heard.letters() == codes(4, errc::timed_out));

    gate.open();
    REQUIRE(held.front().wait_for_completion(patience) == wait_status::completed);
    held.front().async_wait_for(0s, note);
    held.front().async_wait_for(std::chrono::hours::min(), note);
    REQUIRE(heard.holds(6));
    CHECK(heard.letters()[4] == std::error_code());
    CHECK(heard.letters()[5] == std::error_code());
}

TEST_CASE("an asynchronous wait of enormous length has no limit", "[async][timeout]")
{
    test::gate gate;
    test::mailbox<std::error_code> heard;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto note = [&](std::error_code error) { heard.put(error); };
    held.front().async_wait_for(std::chrono::hours::max(), note);
    held.front().async_wait_for(std::chrono::nanoseconds::max(), note);
    held.front().async_wait_for(std::chrono::duration<double>(std::numeric_limits<double>::infinity()), note);

    CHECK(held.front().wait_for_completion(20ms) == wait_status::timed_out);
    CHECK(heard.letters().empty());
    gate.open();
    REQUIRE(heard.holds(3));
    CHECK(heard.letters() == codes(3));
}

TEST_CASE("giving up the earliest deadline does not delay the next", "[async][timeout]")
{
    test::gate gate;
    test::mailbox<std::error_code> heard;
    asio::cancellation_signal signal;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto note = [&](std::error_code error) { heard.put(error); };
    held.front().async_wait_for(40ms, note);
    held.front().async_wait_for(10s, asio::bind_cancellation_slot(signal.slot(), note));
    held.front().async_wait_for(80ms, note);
    signal.emit(asio::cancellation_type::total);

    REQUIRE(heard.holds(3));
    CHECK(gate.still_holding());
    // In the order that this thread and the timer have made of it.
    const codes told = heard.letters();
    CHECK(std::count(told.begin(), told.end(), asio::error::operation_aborted) == 1);
    CHECK(std::count(told.begin(), told.end(), errc::timed_out) == 2);
}

TEST_CASE("a time-out reaches a handler on a blocked event loop's neighbour", "[async][timeout]")
{
    test::gate gate;
    test::gate loop_gate;
    asio::io_context caller;
    codes heard;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    test::occupy_event_loop(engine, loop_gate);
    held.front().async_wait_for(5ms,
                                asio::bind_executor(caller, [&](std::error_code error) { heard.push_back(error); }));
    caller.run_for(patience);

    CHECK(heard == codes{errc::timed_out});
    CHECK(loop_gate.still_holding());
    loop_gate.open();
}
