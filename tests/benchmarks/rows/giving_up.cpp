// SPDX-License-Identifier: BSL-1.0
//
// Row 10: a wait with a time-out that is begun and given up, beside a
// steady_timer that is armed and cancelled. Once one after the other, and once
// with all of them begun before the first is given up, in scrambled order: the
// cost of a wait must not depend on how many others there are.

#include "harness/batch.hpp"
#include "harness/system_calls.hpp"
#include "peers/asio_pool.hpp"
#include "rows/engine_of.hpp"
#include "rows/held_workers.hpp"
#include "rows/rows.hpp"

#include <vmtask/engine.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <latch>
#include <system_error>

namespace vmtask::benchmark {
namespace {

/// Visits 0 to count - 1, each once, with neighbours far apart.
template <class Visit>
void visit_scrambled(std::size_t count, Visit visit)
{
    constexpr std::size_t prime = 7'368'787; // more than any count, so it has no divisor in common
    std::size_t next = 0;
    for (std::size_t i = 0; i < count; ++i) {
        visit(next);
        next = (next + prime) % count;
    }
}

/// Between 10 and 20 s, a different one for each.
std::chrono::nanoseconds time_out(std::size_t number)
{
    return std::chrono::seconds(10) + std::chrono::microseconds(number * 7'919 % 10'000'000);
}

void begin(const task<>& awaited, std::size_t number, asio::cancellation_signal& give_up, std::latch& delivered)
{
    awaited.async_wait_for(time_out(number), asio::bind_cancellation_slot(give_up.slot(), [&](std::error_code) {
                               delivered.count_down();
                           }));
}

double ours_in_turn(const task<>& awaited, std::size_t count)
{
    std::latch delivered(static_cast<std::ptrdiff_t>(count));
    asio::cancellation_signal give_up;
    const stopwatch time;
    for (std::size_t i = 0; i < count; ++i) {
        begin(awaited, i, give_up, delivered);
        give_up.emit(asio::cancellation_type::total);
    }
    delivered.wait();
    return time.nanoseconds();
}

double ours_at_once(const task<>& awaited, std::size_t count)
{
    std::latch delivered(static_cast<std::ptrdiff_t>(count));
    std::deque<asio::cancellation_signal> give_up(count);
    const stopwatch time;
    for (std::size_t i = 0; i < count; ++i) begin(awaited, i, give_up[i], delivered);
    visit_scrambled(count, [&](std::size_t i) { give_up[i].emit(asio::cancellation_type::total); });
    delivered.wait();
    return time.nanoseconds();
}

void arm(asio::steady_timer& timer, std::size_t number, std::latch& delivered)
{
    timer.expires_after(time_out(number));
    timer.async_wait([&](std::error_code) { delivered.count_down(); });
}

double timers_in_turn(asio_pool& pool, std::size_t count)
{
    std::latch delivered(static_cast<std::ptrdiff_t>(count));
    const stopwatch time;
    for (std::size_t i = 0; i < count; ++i) {
        asio::steady_timer timer(pool.context());
        arm(timer, i, delivered);
        timer.cancel();
    }
    delivered.wait();
    return time.nanoseconds();
}

double timers_at_once(asio_pool& pool, std::size_t count)
{
    std::latch delivered(static_cast<std::ptrdiff_t>(count));
    std::deque<asio::steady_timer> timers;
    const stopwatch time;
    for (std::size_t i = 0; i < count; ++i) arm(timers.emplace_back(pool.context()), i, delivered);
    visit_scrambled(count, [&](std::size_t i) { timers[i].cancel(); });
    delivered.wait();
    return time.nanoseconds();
}

template <double (*Run)(const task<>&, std::size_t)>
measurements ours(const effort& how_much)
{
    engine pool(with_workers(1));
    const held_workers held(pool, 1);
    return measure_batch(how_much.tasks, [&](std::size_t count) { return Run(held.task_in_way(), count); });
}

template <double (*Run)(asio_pool&, std::size_t)>
measurements timers(const effort& how_much)
{
    asio_pool pool(1);
    return measure_batch(how_much.tasks, [&](std::size_t count) { return Run(pool, count); });
}

measurements calls_of_ours(const effort& how_much)
{
    return {{"calls", system_calls_each("giving_up/ours_in_turn", how_much.round_trips)}};
}

measurements calls_of_timers(const effort& how_much)
{
    return {{"calls", system_calls_each("giving_up/timers_in_turn", how_much.round_trips)}};
}

} // namespace

group giving_up()
{
    return {{{"giving_up/ours_in_turn", "ours", ours<ours_in_turn>},
             {"giving_up/timers_in_turn", "steady_timer, cancelled", timers<timers_in_turn>},
             {"giving_up/ours_at_once", "ours", ours<ours_at_once>},
             {"giving_up/timers_at_once", "steady_timer, cancelled", timers<timers_at_once>},
             {"giving_up/ours_calls", "ours", calls_of_ours},
             {"giving_up/timers_calls", "steady_timer, cancelled", calls_of_timers}},
            {{10,
              "async_wait_for given up, in turn",
              "ns each",
              {"giving_up/ours_in_turn", "each"},
              {"giving_up/timers_in_turn", "each"},
              0.3},
             {10,
              "async_wait_for given up, all begun first",
              "ns each",
              {"giving_up/ours_at_once", "each"},
              {"giving_up/timers_at_once", "each"},
              0.3},
             {10,
              "system calls for that, in turn",
              "each",
              {"giving_up/ours_calls", "calls"},
              {"giving_up/timers_calls", "calls"},
              0.05,
              true}}};
}

} // namespace vmtask::benchmark
