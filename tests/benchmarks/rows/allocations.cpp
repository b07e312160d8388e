// SPDX-License-Identifier: BSL-1.0
//
// Row 13: how often the heap is asked, by any function and in any thread, for
// a task posted, run, waited for, and its result fetched; for a blocking wait,
// whether it completes or times out; for a progress report.
//
// Counted in an engine that has been in use for a while. The table of tasks
// grows by pages, so a batch may show a thousandth more than one.

#include "harness/heap_calls.hpp"
#include "harness/plan.hpp"
#include "harness/stopwatch.hpp"
#include "rows/await_end.hpp"
#include "rows/engine_of.hpp"
#include "rows/held_workers.hpp"
#include "rows/rows.hpp"

#include <vmtask/engine.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace vmtask::benchmark {
namespace {

/// The pages of the table have 256 tasks each.
constexpr double one_and_a_page = 1 + 2.0 / 256;

/// Posts `count` tasks, and fetches the results.
void use(engine& pool, std::vector<task<int>>& tasks, std::size_t count)
{
    for (std::size_t i = 0; i < count; ++i) tasks.push_back(pool.post([](task_context&) { return 1; }));
    for (const task<int>& each : tasks) {
        await_end(each);
        keep(each.result());
    }
    tasks.clear();
}

double of_tasks(std::size_t count, std::size_t at_once)
{
    engine pool(with_workers(2));
    std::vector<task<int>> tasks;
    tasks.reserve(at_once);
    const std::size_t batches = std::max<std::size_t>(count / at_once, 1);
    for (std::size_t i = 0; i < batches / 10 + 2'000 / at_once + 1; ++i) use(pool, tasks, at_once);
    const heap_call_count calls;
    for (std::size_t i = 0; i < batches; ++i) use(pool, tasks, at_once);
    return static_cast<double>(calls.made()) / static_cast<double>(batches * at_once);
}

measurements of_a_task(const effort& how_much)
{
    const std::size_t batch = std::min<std::size_t>(10'000, how_much.tasks);
    return {{"one_by_one", of_tasks(how_much.round_trips, 1)}, {"batches", of_tasks(how_much.tasks, batch)}};
}

/// Waits for a task that ends only when the wait has begun, or may have.
std::uint64_t calls_of_completed_wait(engine& pool)
{
    std::atomic<bool> end{false};
    const task<> awaited = pool.post([&end](task_context&) {
        while (!end.load(std::memory_order_acquire)) std::this_thread::yield();
    });
    while (awaited.state() != task_state::running) std::this_thread::yield();
    const heap_call_count calls;
    end.store(true, std::memory_order_release);
    static_cast<void>(awaited.wait_for_completion(std::chrono::seconds(10)));
    return calls.made();
}

double of_completed_waits(const effort& how_much)
{
    engine pool(with_workers(2));
    static_cast<void>(calls_of_completed_wait(pool));
    std::uint64_t calls = 0;
    for (std::size_t i = 0; i < how_much.round_trips; ++i) calls += calls_of_completed_wait(pool);
    return static_cast<double>(calls) / static_cast<double>(how_much.round_trips);
}

double of_timed_out_waits(const effort& how_much)
{
    engine pool(with_workers(2));
    const held_workers held(pool, 2);
    constexpr std::chrono::microseconds time_out{100};
    static_cast<void>(held.task_in_way().wait_for_completion(time_out));
    const std::size_t waits = how_much.round_trips / 10 + 1;
    const heap_call_count calls;
    for (std::size_t i = 0; i < waits; ++i) static_cast<void>(held.task_in_way().wait_for_completion(time_out));
    return static_cast<double>(calls.made()) / static_cast<double>(waits);
}

measurements of_a_wait(const effort& how_much)
{
    return {{"completed", of_completed_waits(how_much)}, {"timed_out", of_timed_out_waits(how_much)}};
}

/// Only the body does something while it is counted: a thread that begins, or
/// waits for the first time, asks the heap for what it needs. So both workers
/// have begun, which one alone that runs everything would not show.
measurements of_a_report(const effort& how_much)
{
    constexpr std::size_t workers = 2;
    engine pool(with_workers(workers));
    static_cast<void>(held_workers(pool, workers));
    std::vector<task<int>> tasks;
    use(pool, tasks, 1000);
    const std::uint64_t total = how_much.looks / 10;
    std::atomic<bool> posted{false};
    const task<double> reporting = pool.post([total, &posted](task_context& self) {
        while (!posted) std::this_thread::yield();
        const heap_call_count calls;
        for (std::uint64_t done = 0; done < total; ++done) self.report_progress(done, total);
        return static_cast<double>(calls.made()) / static_cast<double>(total);
    });
    posted = true;
    while (!reporting.is_complete()) std::this_thread::yield();
    return {{"each", reporting.result()}};
}

} // namespace

group allocations()
{
    const std::string a_task = "allocations/task";
    const std::string a_wait = "allocations/wait";
    const std::string a_report = "allocations/report";
    return {{{a_task, "ours", of_a_task}, {a_wait, "ours", of_a_wait}, {a_report, "ours", of_a_report}},
            {{13, "heap calls for a task, one by one", "each", {a_task, "one_by_one"}, {}, one_and_a_page},
             {13, "heap calls for a task, in batches", "each", {a_task, "batches"}, {}, one_and_a_page},
             {13, "heap calls for a blocking wait that completes", "each", {a_wait, "completed"}, {}, 0},
             {13, "heap calls for a blocking wait that times out", "each", {a_wait, "timed_out"}, {}, 0},
             {13, "heap calls for a progress report", "each", {a_report, "each"}, {}, 0}}};
}

} // namespace vmtask::benchmark
