// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "gate/retry_schedule.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <asio/awaitable.hpp>

#include <atomic>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <system_error>

using namespace vmtask;
using namespace std::chrono_literals;
using test::eventually;
using test::patience;

namespace {

const std::error_code busy = std::make_error_code(std::errc::device_or_resource_busy);

/// Fails until it has been called that often.
struct stubborn {
    std::atomic<int>& calls;
    int needed;
    int operator()(task_context&) const
    {
        if (++calls < needed) throw std::system_error(busy);
        return calls;
    }
};

} // namespace

TEST_CASE("a delay grows with each attempt, up to the longest, and is varied at random", "[retry]")
{
    const retry_policy policy{.first_delay = 1s, .growth = 2, .longest_delay = 10s, .jitter = 0.5};
    CHECK(detail::delay_after(policy, 1, 0.5) == 1s);
    CHECK(detail::delay_after(policy, 2, 0.5) == 2s);
    CHECK(detail::delay_after(policy, 4, 0.5) == 8s);
    CHECK(detail::delay_after(policy, 5, 0.5) == 10s);
    CHECK(detail::delay_after(policy, 1'000'000, 0.5) == 10s);
    CHECK(detail::delay_after(policy, 1, 0) == 500ms);
    CHECK(detail::delay_after(policy, 1, 1) == 1500ms);
}

TEST_CASE("delays that make no sense are bounded", "[retry][bad_input]")
{
    using std::chrono::steady_clock;
    CHECK(detail::delay_after({.first_delay = -1s}, 3, 0.5) == 0s);
    CHECK(detail::delay_after({.first_delay = 1s, .growth = 0.1, .jitter = 0}, 5, 0.5) == 1s);
    CHECK(detail::delay_after({.first_delay = 1s, .growth = std::numeric_limits<double>::quiet_NaN(), .jitter = 0}, 5,
                              0.5)
          == 1s);
    CHECK(detail::delay_after({.first_delay = 1s, .jitter = 9}, 1, 0) == 0s);
    CHECK(detail::delay_after(
              {.first_delay = steady_clock::duration::max(), .longest_delay = steady_clock::duration::max()}, 9, 1)
          > 24h);
}

TEST_CASE("a failed task is begun anew until it succeeds", "[retry]")
{
    std::atomic<int> calls{0};
    engine engine({.workers = 1});
    const auto task = engine.post(stubborn{calls, 3}, {.retry = retry_policy{.attempts = 5, .first_delay = 1ms}});
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.result() == 3);
    CHECK(calls == 3);
}

TEST_CASE("a task fails with its last error when its attempts are used up", "[retry]")
{
    std::atomic<int> calls{0};
    engine engine({.workers = 1});
    const auto task = engine.post(stubborn{calls, 99}, {.retry = retry_policy{.attempts = 4, .first_delay = 0ms}});
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::failed);
    CHECK(task.error() == busy);
    CHECK(calls == 4);
}

TEST_CASE("only errors that are worth it are tried again", "[retry]")
{
    std::atomic<int> calls{0};
    engine engine({.workers = 1});
    for (const auto& worth : {std::function<bool(std::error_code)>([](std::error_code code) { return code != busy; }),
                              std::function<bool(std::error_code)>([](std::error_code) -> bool { throw 1; })}) {
        calls = 0;
        const auto task =
            engine.post(stubborn{calls, 3}, {.retry = retry_policy{.first_delay = 0ms, .repeat_on = worth}});
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
        CHECK(task.error() == busy);
        CHECK(calls == 1);
    }
}

TEST_CASE("a coroutine is begun anew like any other body", "[retry][coroutine]")
{
    int calls = 0;
    engine engine({.workers = 1});
    const auto task = engine.post(
        [&](task_context&) -> asio::awaitable<int> {
            if (++calls < 3) throw std::runtime_error("on purpose");
            co_return calls;
        },
        {.retry = retry_policy{.first_delay = 1ms}});
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.result() == 3);
}

TEST_CASE("between two attempts a task occupies no worker, and says what it waits for", "[retry]")
{
    std::atomic<int> calls{0};
    engine engine({.workers = 1, .lanes = {{"one", 1}}});
    const auto task = engine.post(
        stubborn{calls, 2},
        {.lane = "one", .claims = {exclusive("disk")}, .retry = retry_policy{.first_delay = 1h, .longest_delay = 1h}});
    REQUIRE(eventually([&] { return task.obstacle().kind == obstacle_kind::delay; }));
    CHECK(task.state() == task_state::queued);
    CHECK(engine.post([](task_context&) {}, {.lane = "one"}).wait_for_completion(patience) == wait_status::completed);
    // What it has claimed it keeps.
    const auto other = engine.post([](task_context&) {}, {.claims = {exclusive("disk")}});
    CHECK(other.state() == task_state::queued);

    CHECK_FALSE(task.request_cancel());
    CHECK(task.state() == task_state::cancelled);
    CHECK(calls == 1);
    CHECK(other.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("a cancel is not an error to try again", "[retry][cancel]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) { gate.hold(self); }, {.retry = retry_policy{}});
    REQUIRE(gate.reached());
    CHECK_FALSE(task.request_cancel());
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::cancelled);
}

TEST_CASE("a shutdown that cancels waits for no further attempt", "[retry][shutdown]")
{
    std::atomic<int> calls{0};
    engine engine({.workers = 1});
    const auto task = engine.post(stubborn{calls, 2}, {.retry = retry_policy{.first_delay = 1h, .longest_delay = 1h}});
    REQUIRE(eventually([&] { return task.obstacle().kind == obstacle_kind::delay; }));
    CHECK(engine.shutdown(shutdown_mode::cancel).complete());
    CHECK(task.state() == task_state::cancelled);
}
