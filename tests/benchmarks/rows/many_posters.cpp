// SPDX-License-Identifier: BSL-1.0
//
// Row 16: eight outside threads that post at once, to one, two and four
// workers: how much they get in each other's way and in that of the workers.

#include "harness/batch.hpp"
#include "peers/asio_pool.hpp"
#include "rows/engine_of.hpp"
#include "rows/rows.hpp"

#include <vmtask/engine.hpp>

#include <asio/post.hpp>

#include <cstddef>
#include <latch>
#include <string>
#include <thread>
#include <vector>

namespace vmtask::benchmark {
namespace {

constexpr std::size_t posters = 8;

/// Has `post(done)` called by all posters, `count` times in all; the time from
/// when they may begin until `done` has been counted down as often.
template <class Post>
double post_from_many(std::size_t count, Post post)
{
    const std::size_t share = count / posters + 1;
    std::latch begin(1);
    std::latch done(static_cast<std::ptrdiff_t>(share * posters));
    std::vector<std::thread> threads;
    for (std::size_t poster = 0; poster < posters; ++poster) {
        threads.emplace_back([&] {
            begin.wait();
            for (std::size_t i = 0; i < share; ++i) post(done);
        });
    }
    const stopwatch time;
    begin.count_down();
    done.wait();
    const double taken = time.nanoseconds();
    for (std::thread& each : threads) each.join();
    return taken;
}

measurements ours(std::size_t workers, const effort& how_much)
{
    engine pool(with_workers(workers));
    return measure_batch(how_much.tasks, [&](std::size_t count) {
        return post_from_many(count,
                              [&](std::latch& done) { pool.post([&done](task_context&) { done.count_down(); }); });
    });
}

measurements bare_post(std::size_t workers, const effort& how_much)
{
    asio_pool pool(workers);
    return measure_batch(how_much.tasks, [&](std::size_t count) {
        return post_from_many(count,
                              [&](std::latch& done) { asio::post(pool.context(), [&done] { done.count_down(); }); });
    });
}

} // namespace

group many_posters()
{
    group row;
    for (const std::size_t workers : {1UL, 2UL, 4UL}) {
        const std::string number = std::to_string(workers);
        const std::string ours_id = "many_posters/ours_" + number;
        const std::string peer_id = "many_posters/asio_post_" + number;
        row.contenders.push_back(
            {ours_id, "ours", [workers](const effort& how_much) { return ours(workers, how_much); }});
        row.contenders.push_back(
            {peer_id, "asio::post", [workers](const effort& how_much) { return bare_post(workers, how_much); }});
        row.lines.push_back({16,
                             "8 threads post to " + number + (workers == 1 ? " worker" : " workers"),
                             "ns each",
                             {ours_id, "each"},
                             {peer_id, "each"},
                             0.8});
    }
    return row;
}

} // namespace vmtask::benchmark
