// SPDX-License-Identifier: BSL-1.0
//
// Row 18: what one unit costs where there are a thousand, ten thousand or a hundred
// thousand of them, and what an event costs for one, ten or a hundred subscribers.
// What is not linear shows here.

#include "harness/stopwatch.hpp"
#include "rows/await_end.hpp"
#include "rows/engine_of.hpp"
#include "rows/held_workers.hpp"
#include "rows/rows.hpp"

#include <vmtask/engine.hpp>
#include <vmtask/when_all.hpp>

#include <asio/io_context.hpp>

#include <algorithm>
#include <cstddef>
#include <latch>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace vmtask::benchmark {
namespace {

void nothing(task_context&) {}

/// An engine whose one task holds "disk" until it is let go.
class held_disk {
public:
    explicit held_disk(std::size_t workers) : pool_(options_for(workers))
    {
        holder_ = pool_.post(
            [this](task_context&) {
                begun_.count_down();
                let_go_.wait();
            },
            {.claims = {exclusive("disk")}});
        begun_.wait();
    }
    ~held_disk() { let_go(); }
    held_disk(const held_disk&) = delete;
    held_disk& operator=(const held_disk&) = delete;

    void let_go()
    {
        if (!let_go_.try_wait()) let_go_.count_down();
    }
    [[nodiscard]] engine& pool() { return pool_; }
    [[nodiscard]] const task_handle& holder() const { return holder_; }

    /// That many tasks, each after the one before; the first after the holder.
    [[nodiscard]] std::vector<task<>> post_chain(std::size_t count)
    {
        std::vector<task<>> chain;
        chain.reserve(count);
        for (std::size_t i = 0; i < count; ++i)
            chain.push_back(pool_.post(nothing, {.after = {i == 0 ? holder_ : task_handle(chain.back())}}));
        return chain;
    }
    /// That many tasks which wait for the disk.
    [[nodiscard]] std::vector<task<>> post_line(std::size_t count)
    {
        std::vector<task<>> line;
        line.reserve(count);
        for (std::size_t i = 0; i < count; ++i) line.push_back(pool_.post(nothing, {.claims = {exclusive("disk")}}));
        return line;
    }

private:
    static engine_options options_for(std::size_t workers)
    {
        engine_options options = with_workers(workers);
        options.retain.count = 0;
        return options;
    }

    std::latch begun_{1};
    std::latch let_go_{1};
    engine pool_;
    task_handle holder_;
};

double run_all(held_disk& disk, const std::vector<task<>>& tasks, const stopwatch& time)
{
    disk.let_go();
    for (const task<>& each : tasks) await_end(each);
    return time.nanoseconds();
}

double claims(std::size_t count)
{
    held_disk disk(1);
    const stopwatch time;
    const auto line = disk.post_line(count);
    return run_all(disk, line, time);
}

double chain(std::size_t count)
{
    held_disk disk(1);
    const stopwatch time;
    const auto tasks = disk.post_chain(count);
    return run_all(disk, tasks, time);
}

double nested_parts(std::size_t count)
{
    held_disk disk(1);
    std::vector<task<>> parts;
    parts.reserve(count);
    const stopwatch time;
    for (std::size_t i = 0; i < count; ++i)
        parts.push_back(disk.pool().post(nothing, {.parent = i == 0 ? disk.holder() : task_handle(parts.back())}));
    return run_all(disk, parts, time);
}

double parts_side_by_side(std::size_t count)
{
    held_disk disk(1);
    std::vector<task<>> parts;
    parts.reserve(count);
    const stopwatch time;
    for (std::size_t i = 0; i < count; ++i) parts.push_back(disk.pool().post(nothing, {.parent = disk.holder()}));
    return run_all(disk, parts, time);
}

/// To find that a part closes no circle, which comes after the last of a chain.
double no_circle(std::size_t count)
{
    held_disk disk(2);
    const auto tasks = disk.post_chain(count);
    std::latch begun{1};
    std::latch let_go{1};
    const task<> whole = disk.pool().post([&](task_context&) {
        begun.count_down();
        let_go.wait();
    });
    begun.wait();
    const stopwatch time;
    const task<> part = disk.pool().post(nothing, {.after = {tasks.back()}, .parent = whole});
    const double taken = time.nanoseconds();
    let_go.count_down();
    disk.let_go();
    await_end(part);
    await_end(whole);
    return taken;
}

/// To find that a body's wait for the last of those who want the disk can end.
double body_waits(std::size_t count)
{
    held_disk disk(2);
    const auto line = disk.post_line(count);
    const stopwatch time;
    const task<> waits = disk.pool().post([&](task_context&) { await_end(line.back()); });
    while (disk.pool().metrics().workers_blocked == 0 && !waits.is_complete()) std::this_thread::yield();
    const double taken = time.nanoseconds();
    disk.let_go();
    await_end(waits);
    return taken;
}

double filter(std::size_t count)
{
    held_disk disk(1);
    const auto tasks = disk.post_line(count);
    const stopwatch time;
    keep(disk.pool().tasks(task_filter{.kind = "none of them"}).size());
    const double taken = time.nanoseconds();
    disk.let_go();
    for (const task<>& each : tasks) await_end(each);
    return taken;
}

double shut_down(std::size_t count)
{
    held_disk disk(1);
    std::vector<task<>> tasks;
    tasks.reserve(count);
    for (std::size_t i = 0; i < count; ++i) tasks.push_back(disk.pool().post(nothing));
    const stopwatch time;
    static_cast<void>(disk.pool().shutdown(shutdown_mode::cancel, std::chrono::nanoseconds(0)));
    for (const task<>& each : tasks) await_end(each);
    return time.nanoseconds();
}

double wait_for_all(std::size_t count)
{
    held_disk disk(1);
    const auto tasks = disk.post_line(count);
    const std::vector<task_handle> handles(tasks.begin(), tasks.end());
    std::thread lets_go([&] { disk.let_go(); });
    const stopwatch time;
    if (when_all(handles).wait_for_completion() != wait_status::completed) throw std::runtime_error("it did not end");
    const double taken = time.nanoseconds();
    lets_go.join();
    return taken;
}

constexpr std::size_t events_of_a_task = 4; // posted, began, ended, removed

/// From the first of so many tasks until all subscribers have been told that the
/// engine has ended, and of all that they want before. Nanoseconds for each event and
/// subscriber.
double tell_subscribers(std::size_t subscribers, std::size_t tasks, const task_filter& filter)
{
    engine_options options = with_workers(1);
    options.retain.count = 0;
    options.events.kept = events_of_a_task * tasks;
    std::optional<engine> pool(std::move(options));
    asio::io_context readers;
    std::vector<event_subscription> subscriptions;
    bool is_lost = false;
    for (std::size_t i = 0; i < subscribers; ++i) {
        subscriptions.push_back(pool->subscribe(filter));
        subscriptions.back().deliver_to(readers.get_executor(), [&](std::error_code, const event_batch& batch) {
            is_lost = is_lost || batch.lost;
        });
    }
    const stopwatch time;
    std::thread reads([&] { readers.run(); });
    for (std::size_t i = 0; i < tasks; ++i) static_cast<void>(pool->post(nothing));
    static_cast<void>(pool->shutdown(shutdown_mode::drain));
    pool.reset();
    reads.join();
    if (is_lost) throw std::runtime_error("events were lost");
    return time.nanoseconds() / static_cast<double>(events_of_a_task * tasks * subscribers);
}

struct audience {
    const char* id;
    const char* measure;
    task_filter filter;
};

contender contender_of(const audience& whom, std::size_t subscribers)
{
    const std::string number = std::to_string(subscribers);
    return {std::string("growth/") + whom.id + "_" + number, "ours with " + number,
            [filter = whom.filter, subscribers](const effort& how_much) {
                const std::size_t tasks = std::max<std::size_t>(100, how_much.tasks / events_of_a_task / subscribers);
                static_cast<void>(tell_subscribers(subscribers, 100, filter));
                return measurements{{"each", tell_subscribers(subscribers, tasks, filter)}};
            }};
}

/// An event is made once for all of them, so with more of them each costs less.
void add_audience(group& row, const audience& whom)
{
    const std::string alone = row.contenders.emplace_back(contender_of(whom, 1)).id;
    for (const std::size_t subscribers : {10U, 100U}) {
        const contender& added = row.contenders.emplace_back(contender_of(whom, subscribers));
        row.lines.push_back({18,
                             std::string(whom.measure) + ", " + std::to_string(subscribers),
                             "ns each",
                             {added.id, "each"},
                             {alone, "each"},
                             1});
    }
}

struct scenario {
    const char* id;
    const char* measure;
    double (*run)(std::size_t count); // nanoseconds for all of them
};

constexpr scenario scenarios[] = {
    {"claims", "tasks behind one claim, post to end", claims},
    {"chain", "tasks each after the last, post to end", chain},
    {"nested", "parts of parts, post to end", nested_parts},
    {"side_by_side", "parts of one whole, post to end", parts_side_by_side},
    {"no_circle", "tasks looked through at a post, no circle", no_circle},
    {"body_waits", "claims looked through at a body's wait", body_waits},
    {"filter", "tasks listed by a filter that none matches", filter},
    {"shutdown", "queued tasks that a shutdown cancels", shut_down},
    {"when_all", "tasks behind one claim in one when_all", wait_for_all},
};

contender contender_of(const scenario& what, std::size_t count)
{
    const std::string number = std::to_string(count);
    return {std::string("growth/") + what.id + "_" + number, "ours with " + number,
            [&what, count](const effort& how_much) {
                const std::size_t batches = std::clamp<std::size_t>(how_much.tasks / 10 / count, 1, 20);
                static_cast<void>(what.run(count));
                double taken = 0;
                for (std::size_t i = 0; i < batches; ++i) taken += what.run(count);
                return measurements{{"each", taken / static_cast<double>(batches * count)}};
            }};
}

} // namespace

group growth(const effort& planned)
{
    group row;
    const std::size_t fewest = std::min<std::size_t>(1'000, planned.tasks / 20);
    for (const scenario& each : scenarios) {
        const contender& least = row.contenders.emplace_back(contender_of(each, fewest));
        const std::string least_id = least.id;
        for (const std::size_t count : {10 * fewest, 100 * fewest}) {
            if (count > planned.tasks / 2) break;
            const contender& added = row.contenders.emplace_back(contender_of(each, count));
            row.lines.push_back({18,
                                 std::string(each.measure) + ", " + std::to_string(count),
                                 "ns each",
                                 {added.id, "each"},
                                 {least_id, "each"},
                                 1.5});
        }
    }
    add_audience(row, {"told", "events told to each of the subscribers", {}});
    add_audience(row, {"not_told", "events that none of the subscribers wants", {.tag = "none of them"}});
    return row;
}

} // namespace vmtask::benchmark
