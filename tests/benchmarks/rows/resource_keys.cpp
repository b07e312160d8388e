// SPDX-License-Identifier: BSL-1.0
//
// Row 17: short tasks that need a resource for themselves, all the same one or
// each another of many: what waiting in line for it costs.

#include "harness/batch.hpp"
#include "peers/asio_pool.hpp"
#include "rows/engine_of.hpp"
#include "rows/rows.hpp"

#include <vmtask/engine.hpp>

#include <asio/post.hpp>
#include <asio/strand.hpp>

#include <cstddef>
#include <latch>
#include <string>
#include <vector>

namespace vmtask::benchmark {
namespace {

constexpr std::size_t workers = 2;
constexpr std::size_t many_keys = 10'000;

/// Has `post(i, done)` called `count` times; the time until `done` has been
/// counted down as often.
template <class Post>
double post_all(std::size_t count, Post post)
{
    std::latch done(static_cast<std::ptrdiff_t>(count));
    const stopwatch time;
    for (std::size_t i = 0; i < count; ++i) post(i, done);
    done.wait();
    return time.nanoseconds();
}

measurements ours(std::size_t key_count, const effort& how_much)
{
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < key_count; ++i) keys.push_back("disk " + std::to_string(i));
    engine pool(with_workers(workers));
    return measure_batch(how_much.tasks, [&](std::size_t count) {
        return post_all(count, [&](std::size_t i, std::latch& done) {
            pool.post([&done](task_context&) { done.count_down(); }, {.claims = {exclusive(keys[i % key_count])}});
        });
    });
}

measurements strands(std::size_t key_count, const effort& how_much)
{
    asio_pool pool(workers);
    std::vector<asio::strand<asio::io_context::executor_type>> keys;
    for (std::size_t i = 0; i < key_count; ++i) keys.push_back(asio::make_strand(pool.context()));
    return measure_batch(how_much.tasks, [&](std::size_t count) {
        return post_all(count, [&](std::size_t i, std::latch& done) {
            asio::post(keys[i % key_count], [&done] { done.count_down(); });
        });
    });
}

/// One line, and its two contenders.
void compare(group& row, const std::string& name, const std::string& measure, std::size_t key_count)
{
    const std::string ours_id = "resource_keys/ours_" + name;
    const std::string peer_id = "resource_keys/strands_" + name;
    row.contenders.push_back({ours_id, "ours", [=](const effort& how_much) { return ours(key_count, how_much); }});
    row.contenders.push_back(
        {peer_id, "asio::strand per key", [=](const effort& how_much) { return strands(key_count, how_much); }});
    row.lines.push_back({17, measure, "ns each", {ours_id, "each"}, {peer_id, "each"}, 1.0});
}

} // namespace

group resource_keys()
{
    group row;
    compare(row, "hot", "tasks that claim one key", 1);
    compare(row, "cold", "tasks that claim one of 10 000 keys", many_keys);
    return row;
}

} // namespace vmtask::benchmark
