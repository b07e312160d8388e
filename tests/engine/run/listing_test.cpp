// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"
#include "support/thrown.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;

namespace {

/// Posts a task, waits for its end and drops it. Its id is all that is left.
std::uint64_t post_and_drop(engine& engine)
{
    const task<> task = engine.post([](task_context&) {});
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    return task.id();
}

} // namespace

TEST_CASE("all tasks that have not ended are listed, oldest first", "[list]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1, .retain = {.count = 0}});
    std::vector<task_handle> posted{test::occupy_workers(engine, gate, 1).front()};
    for (int i = 0; i < 20; ++i) {
        posted.push_back(engine.post([](task_context&) {}));
        posted.push_back(engine.post([&](task_context&) -> asio::awaitable<void> {
            gate.hold_regardless();
            co_return;
        }));
    }
    CHECK(engine.tasks() == posted);
    for (const auto& task : posted) CHECK(engine.find(task.id()) == task);
    gate.open();
}

TEST_CASE("finding what is not there is an empty handle", "[list]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);

    CHECK_FALSE(static_cast<bool>(engine.find(0)));
    CHECK_FALSE(static_cast<bool>(engine.find(held.front().id() + 1)));
    CHECK_FALSE(static_cast<bool>(engine.find(UINT64_MAX)));
    CHECK(engine.find(held.front().id()).state() == task_state::running);
}

TEST_CASE("ended tasks that nobody holds can still be found", "[list]")
{
    vmtask::engine engine({.workers = 1});
    std::vector<std::uint64_t> ids;
    for (int i = 0; i < 100; ++i) ids.push_back(post_and_drop(engine));

    CHECK(engine.tasks().size() == 100);
    for (const auto id : ids) {
        const task_handle found = engine.find(id);
        REQUIRE(static_cast<bool>(found));
        CHECK(found.state() == task_state::succeeded);
    }
}

TEST_CASE("no more ended tasks are kept than asked for, the latest of them", "[list]")
{
    vmtask::engine engine({.workers = 1, .retain = {.count = 10}});
    std::vector<std::uint64_t> ids;
    for (int i = 0; i < 200; ++i) ids.push_back(post_and_drop(engine));

    CHECK(test::eventually([&] { return engine.tasks().size() == 10; }));
    CHECK_FALSE(static_cast<bool>(engine.find(ids.front())));
    CHECK(static_cast<bool>(engine.find(ids.back())));
}

TEST_CASE("an engine asked to keep none keeps none", "[list]")
{
    const retention none = GENERATE(retention{.count = 0}, retention{.age = 0s}, retention{.age = -1h},
                                    retention{.age = std::chrono::steady_clock::duration::min()});
    vmtask::engine engine({.workers = 1, .retain = none});
    for (int i = 0; i < 20; ++i) {
        const auto id = post_and_drop(engine);
        CHECK(test::eventually([&] { return !engine.find(id); }));
    }
    CHECK(test::eventually([&] { return engine.tasks().empty(); }));
}

TEST_CASE("ended tasks go when their age is reached, though nothing else happens", "[list]")
{
    vmtask::engine engine({.workers = 1, .retain = {.age = 20ms}});
    const auto id = post_and_drop(engine);

    CHECK(test::eventually([&] { return !engine.find(id); }));
    CHECK(engine.tasks().empty());
}

TEST_CASE("an age beyond what the clock can express keeps for ever", "[list]")
{
    vmtask::engine engine({.workers = 1, .retain = {.age = std::chrono::steady_clock::duration::max()}});
    const auto id = post_and_drop(engine);
    for (int i = 0; i < 20; ++i) (void)post_and_drop(engine);

    CHECK(static_cast<bool>(engine.find(id)));
    CHECK(engine.tasks().size() == 21);
}

TEST_CASE("tasks that have not ended are kept, whatever the bounds", "[list]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 2, .retain = {.count = 0, .age = 0s}});
    const auto id = test::occupy_workers(engine, gate, 1).front().id();
    for (int i = 0; i < 50; ++i) (void)post_and_drop(engine);

    REQUIRE(static_cast<bool>(engine.find(id)));
    CHECK(engine.find(id).state() == task_state::running);
    gate.open();
}

TEST_CASE("a held handle keeps its task's result, whatever the bounds", "[list]")
{
    vmtask::engine engine({.workers = 1, .retain = {.count = 0}});
    std::vector<task<std::unique_ptr<int>>> held;
    for (int i = 0; i < 100; ++i) held.push_back(engine.post([i](task_context&) { return std::make_unique<int>(i); }));
    for (const auto& task : held) REQUIRE(task.wait_for_completion(patience) == wait_status::completed);

    for (int i = 0; i < 100; ++i) {
        const auto& task = held[static_cast<std::size_t>(i)];
        CHECK(task.state() == task_state::succeeded);
        CHECK(*task.result() == i);
    }
}

TEST_CASE("an ended task that is let go frees its result", "[list]")
{
    auto value = std::make_shared<int>(7);
    const std::weak_ptr<int> watched = value;
    vmtask::engine engine({.workers = 1, .retain = {.count = 3}});
    auto task = engine.post([value](task_context&) { return value; });
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    value.reset();
    for (int i = 0; i < 20; ++i) (void)post_and_drop(engine);
    CHECK_FALSE(watched.expired());

    task = {};
    CHECK(test::eventually([&] { return watched.expired(); }));
}

TEST_CASE("a listed task to which nobody has a handle keeps its outcome and gives its result back", "[list]")
{
    auto value = std::make_shared<int>(7);
    const std::weak_ptr<int> watched = value;
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const bool drops_before_the_end = GENERATE(false, true);
    auto task = engine.post([value, &gate](task_context& self) {
        gate.hold(self);
        return value;
    });
    const std::uint64_t id = task.id();
    value.reset();
    if (drops_before_the_end) task = {};
    gate.open();
    REQUIRE(engine.find(id).wait_for_completion(patience) == wait_status::completed);
    task = {};

    CHECK(test::eventually([&] { return watched.expired(); }));
    const auto found = task_cast<std::shared_ptr<int>>(engine.find(id));
    REQUIRE(found);
    CHECK(found.state() == task_state::succeeded);
    CHECK(test::code_thrown_by([&] { (void)found.result(); }) == errc::result_taken);
}

TEST_CASE("cancelled and failed tasks are kept like those that succeeded", "[list]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto failed = engine.post([](task_context&) { throw 1; });
    REQUIRE(failed.wait_for_completion(patience) == wait_status::completed);
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto cancelled = engine.post([](task_context&) {});
    REQUIRE_FALSE(cancelled.request_cancel());

    CHECK(engine.tasks() == std::vector<task_handle>{failed, held.front(), cancelled});
    gate.open();
}

TEST_CASE("listing never waits for a task", "[list]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    test::occupy_event_loop(engine, gate);
    for (int i = 0; i < 1000; ++i) (void)engine.tasks();

    CHECK(engine.tasks().size() == 1);
    CHECK(gate.still_holding());
    gate.open();
}
