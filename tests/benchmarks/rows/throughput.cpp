// SPDX-License-Identifier: BSL-1.0
//
// Rows 1 to 4: what an empty task costs, posted in a large batch from one
// outside thread to two workers, until all are complete.
//
// Tasks run for minutes in earnest, so the figure itself hardly matters; its
// distance to the floor does. When it grows, a lock, a copy, an allocation or
// a wake-up has crept in. A million at once, because what is quadratic, or
// merely outgrows the caches, shows only then.
//
// The peers that know no futures write the result into a place of its own, and
// all of them count down one latch.

#include "harness/batch.hpp"
#include "peers/asio_pool.hpp"
#include "peers/boost_pool.hpp"
#include "peers/glib_pool.hpp"
#include "peers/tbb_arena.hpp"
#include "rows/await_end.hpp"
#include "rows/engine_of.hpp"
#include "rows/rows.hpp"

#include <vmtask/engine.hpp>

#include <asio/packaged_task.hpp>
#include <asio/post.hpp>

#include <cstddef>
#include <functional>
#include <future>
#include <latch>
#include <vector>

namespace vmtask::benchmark {
namespace {

constexpr std::size_t workers = 2;

measurements ours_with_latch(const effort& how_much)
{
    engine pool(with_workers(workers));
    return measure_batch(how_much.tasks, [&](std::size_t count) {
        std::latch done(static_cast<std::ptrdiff_t>(count));
        const stopwatch time;
        for (std::size_t i = 0; i < count; ++i) pool.post([&done](task_context&) { done.count_down(); });
        done.wait();
        return time.nanoseconds();
    });
}

measurements ours_with_waits(const effort& how_much)
{
    engine pool(with_workers(workers));
    return measure_batch(how_much.tasks, [&](std::size_t count) {
        std::vector<task<>> tasks;
        tasks.reserve(count);
        const stopwatch time;
        for (std::size_t i = 0; i < count; ++i) tasks.push_back(pool.post([](task_context&) {}));
        for (const task<>& each : tasks) await_end(each);
        return time.nanoseconds();
    });
}

measurements ours_with_results(const effort& how_much)
{
    engine pool(with_workers(workers));
    return measure_batch(how_much.tasks, [&](std::size_t count) {
        std::vector<task<int>> tasks;
        tasks.reserve(count);
        int sum = 0;
        const stopwatch time;
        for (std::size_t i = 0; i < count; ++i) tasks.push_back(pool.post([](task_context&) { return 1; }));
        for (const task<int>& each : tasks) {
            await_end(each);
            sum += each.result();
        }
        const double taken = time.nanoseconds();
        keep(sum);
        return taken;
    });
}

measurements asio_with_latch(const effort& how_much)
{
    asio_pool pool(workers);
    return measure_batch(how_much.tasks, [&](std::size_t count) {
        std::latch done(static_cast<std::ptrdiff_t>(count));
        const stopwatch time;
        for (std::size_t i = 0; i < count; ++i) asio::post(pool.context(), [&done] { done.count_down(); });
        done.wait();
        return time.nanoseconds();
    });
}

/// Posts with `post(function)`, which returns a future, and fetches the results.
template <class Post>
double fetch_futures(std::size_t count, Post post)
{
    std::vector<decltype(post([] { return 1; }))> futures;
    futures.reserve(count);
    int sum = 0;
    const stopwatch time;
    for (std::size_t i = 0; i < count; ++i) futures.push_back(post([] { return 1; }));
    for (auto& each : futures) sum += each.get();
    const double taken = time.nanoseconds();
    keep(sum);
    return taken;
}

measurements asio_with_futures(const effort& how_much)
{
    asio_pool pool(workers);
    return measure_batch(how_much.tasks, [&](std::size_t count) {
        return fetch_futures(
            count, [&](auto function) { return asio::post(pool.context(), std::packaged_task<int()>(function)); });
    });
}

measurements boost_with_futures(const effort& how_much)
{
    boost_pool pool(workers);
    return measure_batch(how_much.tasks, [&](std::size_t count) {
        return fetch_futures(count, [&](auto function) { return pool.post(function); });
    });
}

/// Posts with `post(place, done)` tasks that write into their place, and sums.
template <class Post>
double sum_places(std::size_t count, Post post)
{
    std::vector<int> places(count);
    std::latch done(static_cast<std::ptrdiff_t>(count));
    int sum = 0;
    const stopwatch time;
    for (int& place : places) post(place, done);
    done.wait();
    for (const int result : places) sum += result;
    const double taken = time.nanoseconds();
    keep(sum);
    return taken;
}

measurements tbb_with_latch(const effort& how_much)
{
    tbb_arena arena(workers);
    return measure_batch(how_much.tasks, [&](std::size_t count) {
        return sum_places(count, [&](int& place, std::latch& done) {
            arena.enqueue([&place, &done] {
                place = 1;
                done.count_down();
            });
        });
    });
}

measurements glib_with_latch(const effort& how_much)
{
    std::latch* current = nullptr;
    glib_pool<int, std::function<void(int&)>> pool(workers, [&current](int& place) {
        place = 1;
        current->count_down();
    });
    return measure_batch(how_much.tasks, [&](std::size_t count) {
        return sum_places(count, [&](int& place, std::latch& done) {
            current = &done;
            pool.push(place);
        });
    });
}

} // namespace

group throughput()
{
    const quantity with_latch{"throughput/ours_latch", "each"};
    const quantity with_waits{"throughput/ours_waits", "each"};
    const quantity with_results{"throughput/ours_results", "each"};
    const quantity post{"throughput/asio_post", "each"};
    const quantity packaged{"throughput/asio_packaged_task", "each"};
    const quantity enqueue{"throughput/tbb_enqueue", "each"};
    const quantity boost_futures{"throughput/boost_futures", "each"};
    const quantity glib{"throughput/glib_pool", "each"};
    return {{{with_latch.contender_id, "ours", ours_with_latch},
             {post.contender_id, "asio::post", asio_with_latch},
             {with_waits.contender_id, "ours", ours_with_waits},
             {packaged.contender_id, "asio::post(packaged_task)", asio_with_futures},
             {with_results.contender_id, "ours", ours_with_results},
             {enqueue.contender_id, "tbb::task_arena::enqueue", tbb_with_latch},
             {boost_futures.contender_id, "boost::basic_thread_pool", boost_with_futures},
             {glib.contender_id, "GThreadPool", glib_with_latch}},
            {{1, "empty tasks, one latch", "ns each", with_latch, post, 0.8},
             {1, "empty tasks, each waited for", "ns each", with_waits, post, 0.8},
             {2, "each result fetched", "ns each", with_results, packaged, 0.35},
             {3, "each result fetched", "ns each", with_results, enqueue, 1.5},
             {4, "each result fetched", "ns each", with_results, boost_futures, 0.5},
             {4, "each result fetched", "ns each", with_results, glib, 0.5}}};
}

} // namespace vmtask::benchmark
