// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <asio/post.hpp>

#include <functional>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;

namespace {

/// A task that waits for `depth` tasks below it, one below the other.
task<int> post_chain(engine& engine, int depth)
{
    return engine.post([&engine, depth](task_context&) {
        if (depth == 0) return 1;
        const task<int> below = post_chain(engine, depth - 1);
        // With a time-out, or the waiting thread would run it itself.
        return below.wait_for_completion(2 * patience) == wait_status::completed ? below.result() + 1 : -1000;
    });
}

/// A task that splits into `fan` tasks, `depth` times, and waits for them all.
task<int> post_tree(engine& engine, int fan, int depth)
{
    return engine.post([&engine, fan, depth](task_context&) {
        if (depth == 0) return 1;
        std::vector<task<int>> below;
        for (int i = 0; i < fan; ++i) below.push_back(post_tree(engine, fan, depth - 1));
        int leaves = 0;
        for (const auto& task : below)
            leaves += task.wait_for_completion() == wait_status::completed ? task.result() : -1000;
        return leaves;
    });
}

} // namespace

TEST_CASE("a task on the only worker may wait for one that it posts", "[spare]")
{
    vmtask::engine engine({.workers = 1});
    const auto chain = post_chain(engine, 20);

    REQUIRE(chain.wait_for_completion(patience) == wait_status::completed);
    CHECK(chain.result() == 21);
}

TEST_CASE("a tree of tasks that wait for their parts completes on one worker", "[spare]")
{
    vmtask::engine engine({.workers = 1});
    const auto tree = post_tree(engine, 3, 4);

    REQUIRE(tree.wait_for_completion(patience) == wait_status::completed);
    CHECK(tree.result() == 81);
}

TEST_CASE("waits on every worker do not starve the other tasks", "[spare]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 2});
    const task_handle held = engine.post([&](task_context&) -> asio::awaitable<void> {
        gate.hold_regardless();
        co_return;
    });
    std::vector<task<wait_status>> waiting;
    for (int i = 0; i < 10; ++i)
        waiting.push_back(engine.post([held](task_context&) { return held.wait_for_completion(); }));

    for (int i = 0; i < 100; ++i) {
        const task<> other = engine.post([](task_context&) {});
        REQUIRE(other.wait_for_completion(patience) == wait_status::completed);
    }
    CHECK(gate.still_holding());
    gate.open();
    for (const auto& task : waiting) {
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
        CHECK(task.result() == wait_status::completed);
    }
}

TEST_CASE("a handler on the worker executor may block in a wait", "[spare]")
{
    test::mailbox<wait_status> told;
    vmtask::engine engine({.workers = 1});
    asio::post(engine.get_worker_executor(), [&] {
        const task<> task = engine.post([](task_context&) {});
        told.put(task.wait_for_completion(patience));
    });

    REQUIRE(told.holds(1));
    CHECK(told.letters().front() == wait_status::completed);
}

TEST_CASE("without spare workers a wait with a time-out is told at once, and one without runs the task itself",
          "[spare]")
{
    vmtask::engine engine({.workers = 1, .spare_workers = 0});
    const auto outer = engine.post([&](task_context&) {
        const task<> inner = engine.post([](task_context&) {});
        const wait_status with_limit = inner.wait_for_completion(1h);
        return std::pair(with_limit, inner.wait_for_completion());
    });

    REQUIRE(outer.wait_for_completion(patience) == wait_status::completed);
    CHECK(outer.result().first == wait_status::no_worker);
    CHECK(outer.result().second == wait_status::completed);
}

TEST_CASE("a wait beyond the last spare worker is told, and the others complete", "[spare]")
{
    vmtask::engine engine({.workers = 1, .spare_workers = 2});
    std::vector<wait_status> outcomes(3);
    const auto first = engine.post([&](task_context&) {
        const auto second = engine.post([&](task_context&) {
            const auto third = engine.post([&](task_context&) {
                const task<> fourth = engine.post([](task_context&) {});
                outcomes[2] = fourth.wait_for_completion(patience);
            });
            outcomes[1] = third.wait_for_completion(patience);
        });
        outcomes[0] = second.wait_for_completion(patience);
    });
    REQUIRE(first.wait_for_completion(patience) == wait_status::completed);
    CHECK(outcomes == std::vector{wait_status::completed, wait_status::completed, wait_status::no_worker});
}

TEST_CASE("a spare worker serves one wait after the other", "[spare]")
{
    vmtask::engine engine({.workers = 1, .spare_workers = 1});
    const auto task = engine.post([&](task_context&) {
        int completed = 0;
        for (int i = 0; i < 50; ++i) {
            const vmtask::task<> part = engine.post([](task_context&) {});
            if (part.wait_for_completion() == wait_status::completed) ++completed;
        }
        return completed;
    });
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.result() == 50);
}

TEST_CASE("a time-out on a worker comes though nothing else moves", "[spare][timeout]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 2});
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto task = engine.post([&](task_context&) {
        std::vector<wait_status> outcomes;
        for (int i = 0; i < 20; ++i) outcomes.push_back(held.front().wait_for_completion(1ms));
        return outcomes;
    });
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.result() == std::vector<wait_status>(20, wait_status::timed_out));
    CHECK(gate.still_holding());
    gate.open();
}

TEST_CASE("bodies that each post one task and wait for it complete, with few spare workers or none", "[spare]")
{
    const std::size_t spare = GENERATE(0U, 2U);
    vmtask::engine engine({.workers = 2, .spare_workers = spare});
    std::vector<task<wait_status>> tasks;
    for (int i = 0; i < 200; ++i)
        tasks.push_back(engine.post([&](task_context&) {
            const task<> inner = engine.post([](task_context&) {});
            return inner.wait_for_completion();
        }));
    int completed = 0;
    for (const auto& each : tasks) {
        REQUIRE(each.wait_for_completion(patience) == wait_status::completed);
        if (each.result() == wait_status::completed) ++completed;
    }
    CHECK(completed == 200);
}

TEST_CASE("spare workers go when they are not needed any more, and come back", "[spare]")
{
    vmtask::engine engine({.workers = 1, .spare_idle = 1ms});
    for (int round = 0; round < 3; ++round) {
        const auto chain = post_chain(engine, 10);
        REQUIRE(chain.wait_for_completion(patience) == wait_status::completed);
        CHECK(chain.result() == 11);
        CHECK(test::eventually([&] { return engine.metrics().workers == 1; }));
    }
    CHECK(engine.metrics().spare_workers_started > 0);
}

TEST_CASE("a spare worker that is needed stays", "[spare]")
{
    test::gate gate;
    test::gate in_coroutine;
    vmtask::engine engine({.workers = 1, .spare_idle = 1ms});
    const auto held = test::occupy_workers(engine, gate, 1).front();
    gate.open();
    REQUIRE(held.wait_for_completion(patience) == wait_status::completed);
    const task_handle awaited = engine.post([&](task_context&) -> asio::awaitable<void> {
        in_coroutine.hold_regardless();
        co_return;
    });
    const auto waiting = engine.post([awaited](task_context&) { return awaited.wait_for_completion(); });
    // Every chain makes further spares come and go; the one for `waiting` stays.
    for (int i = 0; i < 5; ++i) {
        const auto chain = post_chain(engine, 3);
        REQUIRE(chain.wait_for_completion(patience) == wait_status::completed);
        CHECK(test::eventually([&] { return engine.metrics().workers == 2; }));
    }
    in_coroutine.open();
    CHECK(waiting.wait_for_completion(patience) == wait_status::completed);
    CHECK(test::eventually([&] { return engine.metrics().workers == 1; }));
}
