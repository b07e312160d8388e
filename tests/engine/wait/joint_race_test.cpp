// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>
#include <vmtask/when_all.hpp>
#include <vmtask/when_any.hpp>

#include "support/catch.hpp"
#include "support/patience.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;

namespace {

/// What has been told to the handlers of joint waits, each of which counts as
/// one mistake when it is told what cannot be, or twice.
class verdicts {
public:
    auto of_all(std::vector<task<>> tasks)
    {
        return [this, tasks = std::move(tasks), told = std::make_shared<std::atomic<int>>(0)](std::error_code error) {
            bool right = is_known(error) && told->fetch_add(1) == 0;
            for (const auto& task : tasks) right = right && (error || task.is_complete());
            note(right);
        };
    }

    auto of_any(std::vector<task<>> tasks)
    {
        return [this, tasks = std::move(tasks), told = std::make_shared<std::atomic<int>>(0)](std::error_code error,
                                                                                              std::size_t index) {
            const bool right = error ? index == any_task::none : index < tasks.size() && tasks[index].is_complete();
            note(right && is_known(error) && told->fetch_add(1) == 0);
        };
    }

    void note(bool right) noexcept
    {
        if (!right) ++mistakes;
        ++heard;
    }

    std::atomic<int> heard{0};
    std::atomic<int> mistakes{0};

private:
    static bool is_known(std::error_code error) noexcept
    {
        return !error || error == errc::timed_out || error == asio::error::operation_aborted;
    }
};

std::vector<task<>> post_short_tasks(engine& engine, int round)
{
    std::vector<task<>> tasks;
    for (int i = 0; i < 4; ++i) {
        const int length = (round * 7 + i * 13) % 40;
        tasks.push_back(engine.post([length](task_context&) {
            for (int spin = 0; spin < length; ++spin) std::this_thread::yield();
        }));
    }
    return tasks;
}

} // namespace

TEST_CASE("a joint wait ends once, whether by the tasks, the time-out or a signal", "[race][when_all][when_any]")
{
    constexpr int rounds = 300;
    verdicts seen;
    vmtask::engine engine({.workers = 2});
    for (int round = 0; round < rounds; ++round) {
        const auto tasks = post_short_tasks(engine, round);
        const auto timeout = std::chrono::microseconds(1 + round % 60);
        std::array<asio::cancellation_signal, 2> signals;
        when_all(tasks).async_wait_for(timeout, asio::bind_cancellation_slot(signals[0].slot(), seen.of_all(tasks)));
        when_any(tasks).async_wait_for(timeout, asio::bind_cancellation_slot(signals[1].slot(), seen.of_any(tasks)));
        when_all(tasks).async_wait(seen.of_all(tasks));
        const wait_status all = when_all(tasks).wait_for_completion(timeout);
        const first_to_end any = when_any(tasks).wait_for_completion(timeout);
        for (auto& signal : signals) signal.emit(asio::cancellation_type::total);
        seen.note(all == wait_status::timed_out || when_all(tasks).wait_for_completion(0s) == wait_status::completed);
        seen.note(any.status == wait_status::timed_out ? any.index == any_task::none : tasks[any.index].is_complete());
        REQUIRE(when_all(tasks).wait_for_completion(patience) == wait_status::completed);
    }
    CHECK(test::eventually([&] { return seen.heard == rounds * 5; }));
    CHECK(seen.mistakes == 0);
}

TEST_CASE("several threads wait for the same tasks, all of them and any", "[race][when_all][when_any]")
{
    verdicts seen;
    vmtask::engine engine({.workers = 2});
    for (int round = 0; round < 50; ++round) {
        const auto tasks = post_short_tasks(engine, round);
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&, i] {
                if (i % 2 == 0) seen.note(when_all(tasks).wait_for_completion(patience) == wait_status::completed);
                else seen.note(tasks[when_any(tasks).wait_for_completion(patience).index].is_complete());
            });
        }
        for (auto& thread : threads) thread.join();
    }
    CHECK(seen.mistakes == 0);
}
