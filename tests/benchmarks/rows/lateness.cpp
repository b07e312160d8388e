// SPDX-License-Identifier: BSL-1.0
//
// Row 8: how late a time-out of 50 ms is while every worker is blocked and
// 10 000 tasks are queued behind. A timer that shares the pool comes when a
// worker is free, so its lateness is that of the pool: here the workers are
// blocked for half a second, an hour would make it an hour.

#include "harness/statistics.hpp"
#include "peers/asio_pool.hpp"
#include "rows/engine_of.hpp"
#include "rows/held_workers.hpp"
#include "rows/rows.hpp"

#include <vmtask/engine.hpp>

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <latch>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

namespace vmtask::benchmark {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t workers = 2;
constexpr std::size_t queued = 10'000;
constexpr std::chrono::milliseconds time_out{50};
constexpr std::chrono::milliseconds blocked_for{500};

double late_by(clock::time_point due)
{
    return std::chrono::duration<double, std::micro>(clock::now() - due).count();
}

double lateness_of_blocking_wait(const task<>& never_run)
{
    const auto due = clock::now() + time_out;
    static_cast<void>(never_run.wait_for_completion(time_out));
    return late_by(due);
}

double lateness_of_handler(const task<>& never_run)
{
    double late = 0;
    std::latch called(1);
    const auto due = clock::now() + time_out;
    never_run.async_wait_for(time_out, [&](std::error_code) {
        late = late_by(due);
        called.count_down();
    });
    called.wait();
    return late;
}

measurements ours(const effort& how_much)
{
    engine pool(with_workers(workers));
    const held_workers held(pool, workers);
    task<> last;
    for (std::size_t i = 0; i < queued; ++i) last = pool.post([](task_context&) {});

    std::vector<double> blocking;
    std::vector<double> handlers;
    for (std::size_t i = 0; i < how_much.time_outs; ++i) {
        blocking.push_back(lateness_of_blocking_wait(last));
        handlers.push_back(lateness_of_handler(last));
    }
    return {{"blocking", quantile(blocking, 0.99)}, {"handler", quantile(handlers, 0.99)}};
}

measurements asio_timers(const effort& how_much)
{
    asio_pool pool(workers);
    const auto release = clock::now() + blocked_for;
    for (std::size_t i = 0; i < workers; ++i)
        asio::post(pool.context(), [release] { std::this_thread::sleep_until(release); });
    for (std::size_t i = 0; i < queued; ++i) asio::post(pool.context(), [] {});

    std::vector<double> late(how_much.time_outs);
    std::vector<std::unique_ptr<asio::steady_timer>> timers;
    std::latch called(static_cast<std::ptrdiff_t>(late.size()));
    for (double& each : late) {
        const auto due = clock::now() + time_out;
        timers.push_back(std::make_unique<asio::steady_timer>(pool.context(), due));
        timers.back()->async_wait([&each, &called, due](std::error_code) {
            each = late_by(due);
            called.count_down();
        });
    }
    called.wait();
    return {{"late", quantile(late, 0.99)}};
}

} // namespace

group lateness()
{
    const quantity timer{"lateness/asio_timers", "late"};
    return {{{"lateness/ours", "ours", ours}, {"lateness/asio_timers", "steady_timer on the pool", asio_timers}},
            {{8, "lateness of a blocking wait, 99 %", "us", {"lateness/ours", "blocking"}, timer, 0.01},
             {8, "lateness of a handler, 99 %", "us", {"lateness/ours", "handler"}, timer, 0.01}}};
}

} // namespace vmtask::benchmark
