// SPDX-License-Identifier: BSL-1.0
//
// Row 11: what a task costs, from post() until it has ended, when a thousand
// or a million of them are outstanding: all are posted while the workers are
// blocked, and then run. Whatever grows with the number shows here. As many
// tasks in all are posted for each number, in as many batches as it takes.

#include "harness/batch.hpp"
#include "rows/await_end.hpp"
#include "rows/engine_of.hpp"
#include "rows/held_workers.hpp"
#include "rows/rows.hpp"

#include <vmtask/engine.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace vmtask::benchmark {
namespace {

constexpr std::size_t workers = 2;
constexpr std::size_t fewest = 1'000;

double post_and_run(engine& pool, std::vector<task<>>& tasks, std::size_t count)
{
    held_workers held(pool, workers);
    const stopwatch time;
    for (std::size_t i = 0; i < count; ++i) tasks.push_back(pool.post([](task_context&) {}));
    held.let_go();
    for (const task<>& each : tasks) await_end(each);
    tasks.clear();
    return time.nanoseconds();
}

measurements with_outstanding(std::size_t count, const effort& how_much)
{
    engine pool(with_workers(workers));
    std::vector<task<>> tasks;
    tasks.reserve(count);
    static_cast<void>(post_and_run(pool, tasks, count));
    const std::size_t batches = std::max<std::size_t>(how_much.tasks / count, 1);
    double taken = 0;
    for (std::size_t i = 0; i < batches; ++i) taken += post_and_run(pool, tasks, count);
    return {{"each", taken / static_cast<double>(batches * count)}};
}

contender contender_with(std::size_t count)
{
    const std::string number = std::to_string(count);
    return {"outstanding/" + number, "ours with " + number,
            [count](const effort& how_much) { return with_outstanding(count, how_much); }};
}

} // namespace

group outstanding(const effort& planned)
{
    group row{{contender_with(fewest)}, {}};
    for (const std::size_t count : {10'000UL, 100'000UL, 1'000'000UL}) {
        if (count > planned.tasks) break;
        const contender& added = row.contenders.emplace_back(contender_with(count));
        row.lines.push_back({11,
                             std::to_string(count) + " tasks outstanding",
                             "ns each",
                             {added.id, "each"},
                             {row.contenders.front().id, "each"},
                             1.5});
    }
    return row;
}

} // namespace vmtask::benchmark
