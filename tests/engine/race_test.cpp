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
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <stop_token>
#include <system_error>
#include <thread>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;

namespace {

constexpr int rounds = 400;

/// Calls `here` and, at the same time as far as that can be had, `there` on
/// another thread; `rounds` times.
template <class Here, class There>
void race(Here here, There there)
{
    std::barrier start(2);
    std::thread other([&] {
        for (int i = 0; i < rounds; ++i) {
            start.arrive_and_wait();
            there(i);
            start.arrive_and_wait();
        }
    });
    for (int i = 0; i < rounds; ++i) {
        start.arrive_and_wait();
        here(i);
        start.arrive_and_wait();
    }
    other.join();
}

} // namespace

TEST_CASE("of a cancel and a point of no return exactly one happens, and the answer says which", "[race][cancel]")
{
    vmtask::engine engine({.workers = 1});
    int mistakes = 0;
    for (int i = 0; i < rounds; ++i) {
        std::atomic<bool> begun{false};
        std::atomic<bool> passed{false};
        const auto task = engine.post([&](task_context& self) {
            begun = true;
            for (int spin = 0; spin < i % 50; ++spin) std::this_thread::yield();
            self.point_of_no_return();
            passed = true;
        });
        while (!begun) std::this_thread::yield();
        for (int spin = 0; spin < i % 7; ++spin) std::this_thread::yield();
        const std::error_code answer = task.request_cancel();
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);

        const bool stopped = !answer;
        if (stopped == passed || stopped != task.cancel_requested()) ++mistakes;
        if (stopped != (task.state() == task_state::cancelled)) ++mistakes;
        if (answer && answer != errc::not_cancelable && answer != errc::already_ended) ++mistakes;
    }
    CHECK(mistakes == 0);
}

TEST_CASE("of a cancel and a start exactly one happens", "[race][cancel]")
{
    int mistakes = 0;
    std::atomic<bool> begun{false};
    vmtask::engine engine({.workers = 1});
    for (int i = 0; i < rounds; ++i) {
        begun = false;
        const auto posted = engine.post([&](task_context&) { begun = true; });
        for (int spin = 0; spin < i % 20; ++spin) std::this_thread::yield();
        const std::error_code answer = posted.request_cancel();
        REQUIRE(posted.wait_for_completion(patience) == wait_status::completed);
        const bool cancelled = posted.state() == task_state::cancelled;
        if (cancelled && (begun || answer)) ++mistakes;
        if (!cancelled && !begun) ++mistakes;
        if (answer && answer != errc::already_ended) ++mistakes;
    }
    CHECK(mistakes == 0);
}

TEST_CASE("many cancels of one task agree on who was in time", "[race][cancel]")
{
    int mistakes = 0;
    vmtask::engine engine({.workers = 1});
    for (int i = 0; i < rounds / 4; ++i) {
        std::atomic<int> accepted{0};
        std::atomic<int> callbacks{0};
        std::atomic<bool> begun{false};
        const auto task = engine.post([&](task_context& self) {
            const std::stop_callback count(self.stop_token(), [&] { ++callbacks; });
            begun = true;
            // Not for stop_requested(), which may be true a little earlier.
            while (callbacks == 0) std::this_thread::yield();
            self.checkpoint();
        });
        while (!begun) std::this_thread::yield();
        std::vector<std::thread> cancellers;
        for (int n = 0; n < 4; ++n) {
            cancellers.emplace_back([&] {
                if (!task.request_cancel()) ++accepted;
            });
        }
        for (auto& canceller : cancellers) canceller.join();
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
        if (accepted < 1 || callbacks != 1 || task.state() != task_state::cancelled) ++mistakes;
    }
    CHECK(mistakes == 0);
}

TEST_CASE("of a signal and an end the wait hears exactly one", "[race][give_up]")
{
    std::atomic<int> told{0};
    int mistakes = 0;
    asio::cancellation_signal signal;
    asio::io_context caller;
    vmtask::engine engine({.workers = 1});
    for (int i = 0; i < rounds; ++i) {
        std::atomic<bool> go{false};
        const auto task = engine.post([&](task_context&) {
            while (!go) std::this_thread::yield();
        });
        task.async_wait(
            asio::bind_cancellation_slot(signal.slot(), asio::bind_executor(caller, [&](std::error_code error) {
                                             ++told;
                                             if (error ? error != asio::error::operation_aborted : !task.is_complete())
                                                 ++mistakes;
                                         })));
        go = true;
        for (int spin = 0; spin < i % 10; ++spin) std::this_thread::yield();
        signal.emit(asio::cancellation_type::total);
        caller.restart();
        caller.run_for(patience);
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    }
    CHECK(told == rounds);
    CHECK(mistakes == 0);
}

TEST_CASE("of a time-out, a signal and an end the wait hears exactly one", "[race][give_up]")
{
    std::atomic<int> told{0};
    asio::cancellation_signal signal;
    asio::io_context caller;
    vmtask::engine engine({.workers = 1});
    for (int i = 0; i < rounds; ++i) {
        const auto task = engine.post([i](task_context&) {
            for (int spin = 0; spin < i % 100; ++spin) std::this_thread::yield();
        });
        task.async_wait_for(
            std::chrono::microseconds(i % 60),
            asio::bind_cancellation_slot(signal.slot(), asio::bind_executor(caller, [&](std::error_code) { ++told; })));
        (void)task.wait_for_completion(std::chrono::microseconds(i % 90));
        if (i % 3 == 0) signal.emit(asio::cancellation_type::total);
        caller.restart();
        caller.run_for(patience);
    }
    CHECK(told == rounds);
}

TEST_CASE("a wait begun as its task ends is told", "[race][wait]")
{
    test::mailbox<wait_status> blocked;
    test::mailbox<std::error_code> heard;
    vmtask::engine engine({.workers = 2});
    std::vector<task<>> tasks(rounds);
    race([&](int i) { tasks[static_cast<std::size_t>(i)] = engine.post([](task_context&) {}); },
         [&](int i) {
             if (i == 0) return;
             const auto& previous = tasks[static_cast<std::size_t>(i) - 1];
             previous.async_wait([&](std::error_code error) { heard.put(error); });
             blocked.put(previous.wait_for_completion(patience));
         });

    CHECK(heard.holds(rounds - 1));
    for (const auto status : blocked.letters()) CHECK(status == wait_status::completed);
    for (const auto error : heard.letters()) CHECK_FALSE(error);
}

TEST_CASE("a timed wait that loses to the end leaves nothing on its stack", "[race][wait]")
{
    vmtask::engine engine({.workers = 2});
    std::atomic<int> outcomes{0};
    std::vector<std::thread> waiters;
    for (int n = 0; n < 3; ++n) {
        waiters.emplace_back([&] {
            for (int i = 0; i < rounds; ++i) {
                const auto task = engine.post([](task_context&) { std::this_thread::yield(); });
                const auto status = task.wait_for_completion(std::chrono::microseconds(i % 120 + 1));
                if (status != wait_status::would_deadlock) ++outcomes;
            }
        });
    }
    for (auto& waiter : waiters) waiter.join();
    CHECK(outcomes == 3 * rounds);
}

TEST_CASE("posts race with a shutdown: each is refused or runs to its end", "[race][shutdown]")
{
    for (int i = 0; i < 40; ++i) {
        std::atomic<int> ran{0};
        std::vector<task<>> accepted;
        std::atomic<bool> posting{false};
        {
            vmtask::engine engine({.workers = 2});
            std::thread poster([&] {
                try {
                    for (;;) {
                        accepted.push_back(engine.post([&](task_context&) { ++ran; }));
                        posting = true;
                    }
                } catch (const std::system_error&) {
                    return; // shutting down, or full
                }
            });
            while (!posting) std::this_thread::yield();
            CHECK(engine.shutdown(shutdown_mode::drain, patience).complete());
            poster.join();
        }
        CHECK(ran == static_cast<int>(accepted.size()));
        for (const auto& task : accepted) REQUIRE(task.state() == task_state::succeeded);
    }
}

TEST_CASE("handles are dropped and found as their tasks end", "[race][list]")
{
    std::atomic<bool> done{false};
    std::atomic<int> torn{0};
    vmtask::engine engine({.workers = 2, .retain = {.count = 3}});
    std::thread lister([&] {
        while (!done) {
            std::uint64_t last = 0;
            for (const auto& task : engine.tasks()) {
                if (task.id() <= last) ++torn;
                last = task.id();
                const task_handle found = engine.find(task.id());
                if (found && !(found == task)) ++torn;
            }
        }
    });
    for (int i = 0; i < 3000; ++i) engine.post([](task_context&) {});
    CHECK(engine.post([](task_context&) {}).wait_for_completion(patience) == wait_status::completed);
    done = true;
    lister.join();
    CHECK(torn == 0);
}

TEST_CASE("tasks that wait for each other at random get on or are told", "[race][deadlock]")
{
    constexpr std::size_t size = 12;
    for (unsigned round = 0; round < 40; ++round) {
        test::gate gate;
        std::vector<task_handle> handles(size);
        vmtask::engine engine({.workers = 3});
        std::vector<task<wait_status>> tasks;
        for (std::size_t i = 0; i < size; ++i) {
            tasks.push_back(engine.post([&, i, round](task_context&) {
                gate.hold_regardless();
                return handles[(i * 7 + round * 5 + i * i * round) % size].wait_for_completion(patience);
            }));
        }
        std::copy(tasks.begin(), tasks.end(), handles.begin());
        gate.open();
        for (const auto& task : tasks) {
            REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
            REQUIRE(task.result() != wait_status::timed_out);
        }
    }
}

TEST_CASE("progress read while it is reported never falls", "[race][progress]")
{
    std::atomic<bool> begun{false};
    int fallen = 0;
    int torn = 0;
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) {
        begun = true;
        for (std::uint64_t i = 1; i <= 50'000; ++i) self.report_progress(i, 50'000);
    });
    while (!begun) std::this_thread::yield();
    progress_snapshot before;
    int percent = 0;
    while (!task.is_complete()) {
        const progress_snapshot now = task.progress();
        if (now.fraction < before.fraction || now.done < before.done || task.percent_completed() < percent) ++fallen;
        if (now.total != 0 && now.total != 50'000) ++torn;
        percent = task.percent_completed();
        before = now;
    }
    CHECK(fallen == 0);
    CHECK(torn == 0);
    CHECK(task.percent_completed() == 100);
}
