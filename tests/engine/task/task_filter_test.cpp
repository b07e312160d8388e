// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "time/let_time_pass.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;
using handles = std::vector<task_handle>;

namespace {

void nothing(task_context&) {}

void wait_for(const task_handle& task)
{
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
}

/// All pages, one after the other; checks that none is longer than asked for.
handles in_pages(const engine& engine, const task_filter& filter, std::size_t limit)
{
    handles listed;
    for (page_bounds bounds{.limit = limit};;) {
        const task_page page = engine.tasks(filter, bounds);
        CHECK(page.tasks.size() <= limit);
        listed.insert(listed.end(), page.tasks.begin(), page.tasks.end());
        if (page.next == 0) return listed;
        REQUIRE(page.next > bounds.after);
        bounds.after = page.next;
    }
}

} // namespace

TEST_CASE("a set of states contains what was put in", "[list]")
{
    STATIC_REQUIRE(state_set::all().contains(task_state::paused));
    STATIC_REQUIRE_FALSE(state_set().contains(task_state::queued));
    STATIC_REQUIRE_FALSE(state_set::ended().contains(task_state::running));
    STATIC_REQUIRE((state_set{task_state::queued} | state_set::ended()).contains(task_state::failed));
}

TEST_CASE("a number that is no state is in no set of states", "[list][bad_input]")
{
    constexpr auto no_state = static_cast<task_state>(77);
    CHECK(state_set{no_state} == state_set());
    CHECK_FALSE(state_set::all().contains(no_state));
}

TEST_CASE("tasks are listed by state", "[list]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto failed = engine.post([](task_context&) { throw 1; });
    wait_for(failed);
    const auto running = test::occupy_workers(engine, gate, 1).front();
    const auto queued = engine.post(nothing);

    CHECK(engine.tasks({.states = {task_state::failed}}) == handles{failed});
    CHECK(engine.tasks({.states = {task_state::running}}) == handles{running});
    CHECK(engine.tasks({.states = state_set::unfinished()}) == handles{running, queued});
    CHECK(engine.tasks({.states = {}}).empty());
    CHECK(engine.tasks(task_filter{}) == engine.tasks());
    gate.open();
}

TEST_CASE("tasks are listed by what was said of them when they were posted", "[list]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto compact = engine.post(
        nothing, {.kind = "compact", .initiator = "alice", .claims = {shared("pool"), exclusive("disk 1")}});
    const auto merge = engine.post(nothing, {.kind = "merge", .initiator = "alice", .claims = {shared("pool")}});
    const auto other = engine.post(nothing, {.kind = "merge", .initiator = "bob"});

    CHECK(engine.tasks({.kind = "merge"}) == handles{merge, other});
    CHECK(engine.tasks({.initiator = "alice"}) == handles{compact, merge});
    CHECK(engine.tasks({.kind = "merge", .initiator = "alice"}) == handles{merge});
    CHECK(engine.tasks({.resource = "pool"}) == handles{compact, merge});
    CHECK(engine.tasks({.resource = "disk 1"}) == handles{compact});
    CHECK(engine.tasks({.resource = "disk"}).empty());
    gate.open();
}

TEST_CASE("tasks are listed by what they are a part of", "[list]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto whole = test::occupy_workers(engine, gate, 1).front();
    const auto part = engine.post(nothing, {.parent = whole});
    const auto part_of_part = engine.post(nothing, {.parent = part});
    const auto other = engine.post(nothing);

    CHECK(engine.tasks({.parent = whole.id()}) == handles{part});
    CHECK(engine.tasks({.ancestor = whole.id()}) == handles{part, part_of_part});
    CHECK(engine.tasks({.ancestor = other.id()}).empty());
    gate.open();
}

TEST_CASE("tasks are listed by when they were posted and ended", "[list]")
{
    constexpr auto apart = 50ms;
    test::gate gate;
    engine engine({.workers = 1});
    const auto early = engine.post(nothing);
    wait_for(early);
    (void)early.outcome(); // its end is noted by now
    test::let_time_pass(apart);
    const auto late = engine.post([&](task_context& self) { gate.hold(self); });
    const auto between = late.outcome().queued - apart / 2;

    CHECK(engine.tasks({.posted_since = between}) == handles{late});
    CHECK(engine.tasks({.posted_until = between}) == handles{early});
    CHECK(engine.tasks({.posted_since = early.outcome().queued, .posted_until = late.outcome().queued})
          == handles{early});
    CHECK(engine.tasks({.ended_until = between + 1h}) == handles{early});
    CHECK(engine.tasks({.ended_since = between}).empty());
    gate.open();
    wait_for(late);
    CHECK(engine.tasks({.ended_since = between}) == handles{late});
}

TEST_CASE("the pages of a list make up the list", "[list]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    handles odd;
    for (int i = 0; i < 700; ++i) {
        const auto task = engine.post(nothing, {.kind = i % 2 != 0 ? "odd" : "even"});
        if (i % 2 != 0) odd.push_back(task);
    }
    for (const std::size_t limit : {1U, 7U, 350U, 351U}) CHECK(in_pages(engine, {.kind = "odd"}, limit) == odd);
    CHECK(engine.tasks({.kind = "odd"}, {.after = odd[0].id(), .limit = 2}).tasks == handles{odd[1], odd[2]});
    CHECK(engine.tasks({.kind = "odd"}, {.after = UINT64_MAX}).tasks.empty());
    CHECK(engine.tasks({.kind = "odd"}, {.limit = 0}).tasks == odd);
    CHECK(engine.tasks({}, {}).tasks.size() == 100);
    gate.open();
}

TEST_CASE("each task that stays is on one page, whatever comes and goes", "[list]")
{
    test::gate gate;
    engine engine({.workers = 3, .retain = {.count = 5}}); // two are held, one is for what passes
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto holder = engine.post([&](task_context& self) { gate.hold(self); }, {.claims = {exclusive("line")}});
    handles staying;
    std::atomic<bool> over{false};
    const auto post_staying = [&] { return engine.post(nothing, {.kind = "stays", .claims = {exclusive("line")}}); };
    std::thread traffic([&] {
        while (!over) {
            const auto passing = engine.post(nothing, {.kind = "stays"});
            if (passing.id() % 16 == 0) (void)passing.wait_for_completion(patience);
        }
    });
    for (int i = 0; i < 300; ++i) staying.push_back(post_staying());
    for (int round = 0; round < 20; ++round) {
        handles seen;
        for (const auto& task : in_pages(engine, {.states = state_set::all(), .resource = "line"}, 11))
            if (task != holder) seen.push_back(task);
        CHECK(seen == staying);
        const handles all = in_pages(engine, {.kind = "stays"}, 50);
        CHECK(std::adjacent_find(all.begin(), all.end(),
                                 [](const auto& left, const auto& right) { return left.id() >= right.id(); })
              == all.end());
    }
    over = true;
    traffic.join();
    gate.open();
}

TEST_CASE("what was posted before is on a page, however full the inbox is", "[list]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    handles posted{held.front()};
    for (int i = 0; i < 2000; ++i) posted.push_back(engine.post(nothing));
    CHECK(in_pages(engine, {}, 333) == posted);
    gate.open();
    // Nor have they lost their place in the queue.
    for (const auto& each : posted) wait_for(each);
}
