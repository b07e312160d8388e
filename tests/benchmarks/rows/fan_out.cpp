// SPDX-License-Identifier: BSL-1.0
//
// Row 5: tasks that post tasks, a tree of them, each four until there are as
// many as asked for. Posting happens on the workers, and half of the tree is
// queued at the widest place.

#include "harness/batch.hpp"
#include "peers/asio_pool.hpp"
#include "rows/engine_of.hpp"
#include "rows/rows.hpp"

#include <vmtask/engine.hpp>

#include <asio/post.hpp>

#include <cstddef>
#include <latch>

namespace vmtask::benchmark {
namespace {

constexpr std::size_t workers = 2;
constexpr std::size_t branches = 4;

/// Calls `plant(size)` for the trees below a root, which together with it have
/// `size` nodes.
template <class Plant>
void branch(std::size_t size, Plant plant)
{
    std::size_t left = size - 1;
    for (std::size_t unplanted = branches; unplanted > 0 && left > 0; --unplanted) {
        const std::size_t share = (left + unplanted - 1) / unplanted;
        plant(share);
        left -= share;
    }
}

void plant_task(engine& pool, std::latch& done, std::size_t size)
{
    pool.post([&pool, &done, size](task_context&) {
        branch(size, [&](std::size_t share) { plant_task(pool, done, share); });
        done.count_down();
    });
}

void plant_handler(asio::io_context& pool, std::latch& done, std::size_t size)
{
    asio::post(pool, [&pool, &done, size] {
        branch(size, [&](std::size_t share) { plant_handler(pool, done, share); });
        done.count_down();
    });
}

measurements ours(const effort& how_much)
{
    engine pool(with_workers(workers));
    return measure_batch(how_much.tasks, [&](std::size_t count) {
        std::latch done(static_cast<std::ptrdiff_t>(count));
        const stopwatch time;
        plant_task(pool, done, count);
        done.wait();
        return time.nanoseconds();
    });
}

measurements asio_handlers(const effort& how_much)
{
    asio_pool pool(workers);
    return measure_batch(how_much.tasks, [&](std::size_t count) {
        std::latch done(static_cast<std::ptrdiff_t>(count));
        const stopwatch time;
        plant_handler(pool.context(), done, count);
        done.wait();
        return time.nanoseconds();
    });
}

} // namespace

group fan_out()
{
    return {{{"fan_out/ours", "ours", ours}, {"fan_out/asio_post", "asio::post from handlers", asio_handlers}},
            {{5, "tasks posted by tasks", "ns each", {"fan_out/ours", "each"}, {"fan_out/asio_post", "each"}, 1.0}}};
}

} // namespace vmtask::benchmark
