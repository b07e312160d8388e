// SPDX-License-Identifier: BSL-1.0
//
// Row 12: the memory that a queued task takes together with its handle: by how
// much the process grows, page by page, divided by the number of tasks. So
// what the allocator wastes counts too, and the engine's list of all tasks.

#include "harness/plan.hpp"
#include "harness/stopwatch.hpp"
#include "rows/engine_of.hpp"
#include "rows/held_workers.hpp"
#include "rows/rows.hpp"

#include <vmtask/engine.hpp>

#include <asio/io_context.hpp>
#include <asio/packaged_task.hpp>
#include <asio/post.hpp>

#include <cstddef>
#include <fstream>
#include <future>
#include <vector>

#include <unistd.h>

namespace vmtask::benchmark {
namespace {

double resident_bytes()
{
    std::ifstream sizes("/proc/self/statm");
    double all = 0;
    double resident = 0;
    sizes >> all >> resident;
    return resident * static_cast<double>(::getpagesize());
}

measurements ours(const effort& how_much)
{
    engine pool(with_workers(1));
    const held_workers held(pool, 1);
    std::vector<task<int>> tasks;
    tasks.reserve(how_much.tasks);
    const double before = resident_bytes();
    for (std::size_t i = 0; i < how_much.tasks; ++i) tasks.push_back(pool.post([](task_context&) { return 1; }));
    // Has the engine list those that it has not listed yet.
    keep(pool.find(tasks.back().id()));
    return {{"each", (resident_bytes() - before) / static_cast<double>(how_much.tasks)}};
}

measurements packaged_tasks(const effort& how_much)
{
    asio::io_context context;
    std::vector<std::future<int>> futures;
    futures.reserve(how_much.tasks);
    const double before = resident_bytes();
    for (std::size_t i = 0; i < how_much.tasks; ++i)
        futures.push_back(asio::post(context, std::packaged_task<int()>([] { return 1; })));
    return {{"each", (resident_bytes() - before) / static_cast<double>(how_much.tasks)}};
}

} // namespace

group memory()
{
    const quantity a_task{"memory/ours", "each"};
    const quantity packaged{"memory/asio_packaged_task", "each"};
    return {{{a_task.contender_id, "ours", ours}, {packaged.contender_id, "asio::post(packaged_task)", packaged_tasks}},
            {{12, "a queued task with its handle", "bytes", a_task, packaged, 1.0},
             {12, "a queued task with its handle", "bytes", a_task, packaged, 320, true}}};
}

} // namespace vmtask::benchmark
