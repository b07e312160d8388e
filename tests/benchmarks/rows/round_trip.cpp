// SPDX-License-Identifier: BSL-1.0
//
// Rows 6 and 7: one task at a time, posted, run and waited for by a blocked
// thread, without and with a time-out of 10 s. What shows here is how threads
// are woken, and in row 7 what arming and disarming a time-out costs.

#include "harness/batch.hpp"
#include "peers/asio_pool.hpp"
#include "rows/await_end.hpp"
#include "rows/engine_of.hpp"
#include "rows/rows.hpp"

#include <vmtask/engine.hpp>

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <string>
#include <system_error>

namespace vmtask::benchmark {
namespace {

constexpr std::size_t workers = 2;
constexpr std::chrono::seconds time_out{10};

measurements ours(const effort& how_much)
{
    engine pool(with_workers(workers));
    return measure_one_by_one(how_much.round_trips, [&] {
        const task<> posted = pool.post([](task_context&) {});
        await_end(posted);
    });
}

measurements ours_timed(const effort& how_much)
{
    engine pool(with_workers(workers));
    return measure_one_by_one(how_much.round_trips, [&] {
        const task<> posted = pool.post([](task_context&) {});
        static_cast<void>(posted.wait_for_completion(time_out));
    });
}

measurements asio_promise(const effort& how_much)
{
    asio_pool pool(workers);
    return measure_one_by_one(how_much.round_trips, [&] {
        std::promise<void> done;
        std::future<void> future = done.get_future();
        asio::post(pool.context(), [done = std::move(done)]() mutable { done.set_value(); });
        future.get();
    });
}

measurements standard_async(const effort& how_much)
{
    return measure_one_by_one(how_much.round_trips, [] { std::async(std::launch::async, [] {}).get(); });
}

/// A wait with a time-out as Asio's users write it: whichever of the work and
/// the timer is first sets the promise.
struct race {
    explicit race(asio::io_context& context) : timer(context, time_out) {}
    void finish(bool timed_out)
    {
        if (!decided.exchange(true)) outcome.set_value(timed_out);
    }

    asio::steady_timer timer;
    std::promise<bool> outcome;
    std::atomic<bool> decided{false};
};

measurements asio_timer_race(const effort& how_much)
{
    asio_pool pool(workers);
    return measure_one_by_one(how_much.round_trips, [&] {
        const auto raced = std::make_shared<race>(pool.context());
        std::future<bool> future = raced->outcome.get_future();
        raced->timer.async_wait([raced](std::error_code error) {
            if (!error) raced->finish(true);
        });
        asio::post(pool.context(), [raced] {
            raced->finish(false);
            raced->timer.cancel();
        });
        future.get();
    });
}

/// The median and the 99th percentile of the same.
void add_lines(group& to, int row, const std::string& measure, const std::string& ours_id, const std::string& peer_id,
               double target)
{
    to.lines.push_back({row, measure + ", median", "us", {ours_id, "median"}, {peer_id, "median"}, target});
    to.lines.push_back({row, measure + ", 99 %", "us", {ours_id, "p99"}, {peer_id, "p99"}, target});
}

} // namespace

group round_trip()
{
    group rows;
    rows.contenders = {{"round_trip/ours", "ours without", ours},
                       {"round_trip/asio_promise", "asio::post, std::promise", asio_promise},
                       {"round_trip/ours_timed", "ours", ours_timed},
                       {"round_trip/asio_timer_race", "steady_timer, std::promise", asio_timer_race},
                       {"round_trip/std_async", "std::async", standard_async}};
    add_lines(rows, 6, "post, run, wait", "round_trip/ours", "round_trip/asio_promise", 0.5);
    add_lines(rows, 6, "post, run, wait", "round_trip/ours", "round_trip/std_async", 0.3);
    add_lines(rows, 7, "the same, 10 s time-out", "round_trip/ours_timed", "round_trip/ours", 1.15);
    add_lines(rows, 7, "the same, 10 s time-out", "round_trip/ours_timed", "round_trip/asio_timer_race", 0.5);
    return rows;
}

} // namespace vmtask::benchmark
