// SPDX-License-Identifier: BSL-1.0
//
// Row 14: what a body pays for saying how far it is, and a caller for looking,
// in units of the cheapest thing that is visible to other threads: an atomic
// addition that nobody disputes.

#include "harness/plan.hpp"
#include "harness/stopwatch.hpp"
#include "rows/await_end.hpp"
#include "rows/engine_of.hpp"
#include "rows/held_workers.hpp"
#include "rows/rows.hpp"

#include <vmtask/engine.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace vmtask::benchmark {
namespace {

template <class Look>
measurements measure_looks(std::size_t count, Look look)
{
    for (std::size_t i = 0; i < count / 10; ++i) look(i);
    const stopwatch time;
    for (std::size_t i = 0; i < count; ++i) look(i);
    return {{"each", time.nanoseconds() / static_cast<double>(count)}};
}

template <class Report>
measurements measure_reports(std::size_t count, Report report)
{
    engine pool(with_workers(1));
    const task<measurements> reporting =
        pool.post([&](task_context& self) { return measure_looks(count, [&](std::size_t i) { report(self, i); }); });
    await_end(reporting);
    return reporting.result();
}

template <class Look>
measurements measure_looks_at_task(std::size_t count, Look look)
{
    engine pool(with_workers(1));
    const held_workers held(pool, 1);
    return measure_looks(count, [&](std::size_t) { keep(look(held.task_in_way())); });
}

measurements atomic_add(const effort& how_much)
{
    std::atomic<std::uint64_t> counter{0};
    return measure_looks(how_much.looks, [&](std::size_t) { counter.fetch_add(1, std::memory_order_relaxed); });
}

measurements report_fraction(const effort& how_much)
{
    const double step = 1.0 / static_cast<double>(how_much.looks);
    return measure_reports(how_much.looks, [step](task_context& self, std::size_t i) {
        self.report_progress(static_cast<double>(i) * step);
    });
}

measurements report_units(const effort& how_much)
{
    const std::uint64_t total = how_much.looks;
    return measure_reports(how_much.looks,
                           [total](task_context& self, std::size_t i) { self.report_progress(i, total); });
}

measurements is_complete(const effort& how_much)
{
    return measure_looks_at_task(how_much.looks, [](const task<>& held) { return held.is_complete(); });
}

measurements percent_completed(const effort& how_much)
{
    return measure_looks_at_task(how_much.looks, [](const task<>& held) { return held.percent_completed(); });
}

} // namespace

group looking()
{
    const quantity add{"looking/atomic_add", "each"};
    const quantity fraction{"looking/report_fraction", "each"};
    const quantity units{"looking/report_units", "each"};
    const quantity complete{"looking/is_complete", "each"};
    const quantity percent{"looking/percent_completed", "each"};
    return {{{add.contender_id, "a relaxed atomic add", atomic_add},
             {fraction.contender_id, "ours", report_fraction},
             {units.contender_id, "ours", report_units},
             {complete.contender_id, "ours", is_complete},
             {percent.contender_id, "ours", percent_completed}},
            {{14, "report_progress(fraction)", "ns each", fraction, add, 10},
             {14, "report_progress(done, total)", "ns each", units, add, 10},
             {14, "is_complete()", "ns each", complete, add, 3},
             {14, "percent_completed()", "ns each", percent, add, 5}}};
}

} // namespace vmtask::benchmark
