// SPDX-License-Identifier: BSL-1.0
//
// Row 9: what an asynchronous wait costs, begun on a task that has not ended
// and delivered to the event loop, beside a bare asio::post to that same loop.
//
// On one task: all waits are listed with it before it ends. On as many tasks:
// the tasks have to run for the waits to be delivered; what running them takes
// without waits is measured next to it and subtracted.

#include "harness/batch.hpp"
#include "rows/await_end.hpp"
#include "rows/engine_of.hpp"
#include "rows/held_workers.hpp"
#include "rows/rows.hpp"

#include <vmtask/engine.hpp>

#include <asio/post.hpp>

#include <cstddef>
#include <latch>
#include <system_error>
#include <vector>

namespace vmtask::benchmark {
namespace {

constexpr std::size_t workers = 2;

measurements on_one_task(const effort& how_much)
{
    engine pool(with_workers(workers));
    return measure_batch(how_much.tasks, [&](std::size_t count) {
        std::latch delivered(static_cast<std::ptrdiff_t>(count));
        held_workers held(pool, workers);
        const stopwatch time;
        for (std::size_t i = 0; i < count; ++i)
            held.task_in_way().async_wait([&delivered](std::error_code) { delivered.count_down(); });
        held.let_go();
        delivered.wait();
        return time.nanoseconds();
    });
}

std::vector<task<>> post_many(engine& pool, std::size_t count)
{
    std::vector<task<>> tasks;
    tasks.reserve(count);
    for (std::size_t i = 0; i < count; ++i) tasks.push_back(pool.post([](task_context&) {}));
    return tasks;
}

double time_to_run(engine& pool, std::size_t count)
{
    held_workers held(pool, workers);
    const std::vector<task<>> tasks = post_many(pool, count);
    const stopwatch time;
    held.let_go();
    for (const task<>& each : tasks) await_end(each);
    return time.nanoseconds();
}

double time_to_wait_and_run(engine& pool, std::size_t count)
{
    std::latch delivered(static_cast<std::ptrdiff_t>(count));
    held_workers held(pool, workers);
    const std::vector<task<>> tasks = post_many(pool, count);
    const stopwatch time;
    for (const task<>& each : tasks) each.async_wait([&delivered](std::error_code) { delivered.count_down(); });
    held.let_go();
    delivered.wait();
    return time.nanoseconds();
}

measurements on_many_tasks(const effort& how_much)
{
    engine pool(with_workers(workers));
    return measure_batch(how_much.tasks, [&](std::size_t count) {
        const double running = time_to_run(pool, count);
        return time_to_wait_and_run(pool, count) - running;
    });
}

measurements bare_post(const effort& how_much)
{
    engine pool(with_workers(workers));
    return measure_batch(how_much.tasks, [&](std::size_t count) {
        std::latch delivered(static_cast<std::ptrdiff_t>(count));
        const stopwatch time;
        for (std::size_t i = 0; i < count; ++i)
            asio::post(pool.get_executor(), [&delivered] { delivered.count_down(); });
        delivered.wait();
        return time.nanoseconds();
    });
}

} // namespace

group delivery()
{
    const quantity post{"delivery/asio_post", "each"};
    return {{{"delivery/one_task", "ours", on_one_task},
             {"delivery/asio_post", "asio::post to that loop", bare_post},
             {"delivery/many_tasks", "ours", on_many_tasks}},
            {{9, "async_wait, all on one task", "ns each", {"delivery/one_task", "each"}, post, 1.5},
             {9, "async_wait, each on its own task", "ns each", {"delivery/many_tasks", "each"}, post, 1.5}}};
}

} // namespace vmtask::benchmark
