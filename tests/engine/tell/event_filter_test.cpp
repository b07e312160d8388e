// SPDX-License-Identifier: BSL-1.0
//
// Subscriptions to some of the tasks, and what a summary says of a task.
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"
#include "support/patience.hpp"
#include "support/thrown.hpp"

#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::code_thrown_by;
using test::patience;
using ids = std::vector<std::uint64_t>;
using kinds = std::vector<task_event_kind>;

namespace {

/// An engine with events, whose one worker is held.
struct watched_engine {
    explicit watched_engine(std::size_t kept = 100)
        : where({.workers = 1, .events = {.kept = kept, .progress_interval = 0s}}),
          held(test::occupy_workers(where, gate, 1).front())
    {
    }

    [[nodiscard]] task<> post(task_options options)
    {
        return where.post([](task_context&) {}, std::move(options));
    }
    void let_all_end()
    {
        gate.open();
        for (const task_handle& each : where.tasks())
            REQUIRE(each.wait_for_completion(patience) == wait_status::completed);
    }

    test::gate gate;
    engine where;
    task<> held;
};

/// Reads on this thread, one batch at a time.
class reader {
public:
    explicit reader(event_subscription events) : events_(std::move(events)) {}

    /// Begins to read, if nothing is being read, and looks whether there is something.
    [[nodiscard]] std::optional<event_batch> look()
    {
        begin();
        here_.poll();
        return std::exchange(batch_, std::nullopt);
    }
    /// The next batch.
    [[nodiscard]] event_batch next()
    {
        begin();
        here_.run_for(patience);
        REQUIRE(batch_);
        return *std::exchange(batch_, std::nullopt);
    }

private:
    void begin()
    {
        here_.restart();
        if (std::exchange(reads_, true)) return;
        events_.async_next(asio::bind_executor(here_, [this](std::error_code error, event_batch batch) {
            reads_ = false;
            if (!error) batch_ = std::move(batch);
        }));
    }

    asio::io_context here_;
    event_subscription events_;
    bool reads_ = false;
    std::optional<event_batch> batch_;
};

ids ids_of(const std::vector<task_summary>& tasks)
{
    ids found;
    for (const task_summary& each : tasks) found.push_back(each.id);
    return found;
}

/// What a reader is told of the task, up to that kind of event; fails on any other task's.
kinds read_until(reader& from, std::uint64_t id, task_event_kind last)
{
    kinds told;
    while (told.empty() || told.back() != last) {
        for (const task_event& each : from.next().events) {
            CHECK(each.task.id == id);
            told.push_back(each.kind);
        }
    }
    return told;
}

} // namespace

TEST_CASE("a reader is told of the tasks that it has asked for, and of no others", "[events][filter]")
{
    watched_engine watched;
    const auto whole = watched.post({.after = {watched.held}});
    const auto part = watched.post({.parent = whole});
    const auto meant = watched.post(
        {.kind = "compact", .initiator = "ann", .tag = "night", .claims = {shared("disk")}, .parent = part});
    (void)watched.post({.kind = "merge", .initiator = "bob", .tag = "day", .claims = {shared("other")}});
    const task_filter filter =
        GENERATE_COPY(task_filter{.id = meant.id()}, task_filter{.kind = "compact"}, task_filter{.initiator = "ann"},
                      task_filter{.resource = "disk"}, task_filter{.tag = "night"}, task_filter{.parent = part.id()},
                      task_filter{.kind = "compact", .ancestor = whole.id()});
    reader events(watched.where.subscribe(filter));

    const event_batch begin = events.next();
    REQUIRE(begin.snapshot);
    CHECK(ids_of(*begin.snapshot) == ids{meant.id()});
    CHECK_FALSE(events.look());

    watched.let_all_end();
    CHECK(read_until(events, meant.id(), task_event_kind::ended)
          == kinds{task_event_kind::began, task_event_kind::ended});
    CHECK_FALSE(events.look());
}

TEST_CASE("a filter of no field is none", "[events][filter]")
{
    watched_engine watched;
    reader events(watched.where.subscribe(task_filter{}));
    CHECK(events.next().snapshot->size() == 1);
    const auto task = watched.post({.kind = "any"});
    CHECK(read_until(events, task.id(), task_event_kind::posted) == kinds{task_event_kind::posted});
}

TEST_CASE("who asks for states hears of the task that enters them and of the one that leaves", "[events][filter]")
{
    watched_engine watched;
    reader running(watched.where.subscribe(task_filter{.states = {task_state::running}}));
    CHECK(ids_of(*running.next().snapshot) == ids{watched.held.id()});
    const auto queued = watched.post({.kind = "queued"});
    CHECK_FALSE(running.look());

    watched.let_all_end();
    ids told;
    kinds happened;
    while (happened.size() < 3) {
        for (const task_event& each : running.next().events) {
            told.push_back(each.task.id);
            happened.push_back(each.kind);
        }
    }
    CHECK(told == ids{watched.held.id(), queued.id(), queued.id()});
    CHECK(happened == kinds{task_event_kind::ended, task_event_kind::began, task_event_kind::ended});
}

TEST_CASE("a removal is told to those who asked for the task", "[events][filter]")
{
    test::gate gate;
    engine engine({.workers = 1, .retain = {.count = 0}, .events = {.kept = 100}});
    const auto held = test::occupy_workers(engine, gate, 1);
    reader events(engine.subscribe(task_filter{.tag = "mine"}));
    CHECK(events.next().snapshot->empty());
    const std::uint64_t id = engine.post([](task_context&) {}, {.tag = "mine"}).id();
    gate.open();
    CHECK(read_until(events, id, task_event_kind::removed).back() == task_event_kind::removed);
}

TEST_CASE("a reader that waits loses nothing to events that it has not asked for", "[events][filter]")
{
    watched_engine watched(8);
    reader events(watched.where.subscribe(task_filter{.tag = "mine"}));
    CHECK(events.next().snapshot);
    CHECK_FALSE(events.look()); // it waits from now on
    for (int i = 0; i < 100; ++i) (void)watched.post({.tag = "others"});
    CHECK_FALSE(events.look());

    const auto mine = watched.post({.tag = "mine"});
    const event_batch batch = events.next();
    CHECK_FALSE(batch.lost);
    REQUIRE(batch.events.size() == 1);
    CHECK(batch.events.front().task.id == mine.id());
    CHECK(batch.version == batch.events.front().version);
}

TEST_CASE("a reader that is away for too long is told of a loss, whatever was lost", "[events][filter]")
{
    watched_engine watched(8);
    reader events(watched.where.subscribe(task_filter{.tag = "mine"}));
    CHECK(events.next().snapshot);
    const auto mine = watched.post({.tag = "mine"});
    for (int i = 0; i < 100; ++i) (void)watched.post({.tag = "others"});

    const event_batch batch = events.next();
    CHECK(batch.lost);
    REQUIRE(batch.snapshot);
    CHECK(ids_of(*batch.snapshot) == ids{mine.id()});
}

TEST_CASE("a reader with a filter that comes back goes on where it was", "[events][filter]")
{
    watched_engine watched(2000);
    reader first(watched.where.subscribe(task_filter{.tag = "mine"}));
    const std::uint64_t version = first.next().version;
    for (int i = 0; i < 600; ++i) (void)watched.post({.tag = "others"});
    const auto mine = watched.post({.tag = "mine"});
    for (int i = 0; i < 600; ++i) (void)watched.post({.tag = "others"});

    reader back(watched.where.subscribe(task_filter{.tag = "mine"}, version));
    const event_batch batch = back.next();
    CHECK_FALSE(batch.snapshot);
    REQUIRE(batch.events.size() == 1);
    CHECK(batch.events.front().task.id == mine.id());
    CHECK(batch.version >= batch.events.front().version);
    CHECK_FALSE(back.look());
}

TEST_CASE("a filter by times is not one to subscribe by", "[events][filter]")
{
    watched_engine watched;
    const auto now = std::chrono::system_clock::now();
    for (const task_filter& filter : {task_filter{.posted_since = now}, task_filter{.posted_until = now},
                                      task_filter{.ended_since = now}, task_filter{.ended_until = now}})
        CHECK(code_thrown_by([&] { (void)watched.where.subscribe(filter); }) == errc::bad_options);
}

TEST_CASE("a list can be of one task", "[filter]")
{
    watched_engine watched;
    const auto task = watched.post({.kind = "any"});
    const auto found = watched.where.tasks(task_filter{.id = task.id()});
    REQUIRE(found.size() == 1);
    CHECK(found.front().id() == task.id());
}

TEST_CASE("a summary says what a task claims, how urgent it is, and what is in its way", "[events]")
{
    watched_engine watched;
    const auto holder = watched.post({.claims = {exclusive("disk")}, .after = {watched.held}});
    const auto waits = watched.post({.priority = task_priority::low, .claims = {shared("host"), exclusive("disk")}});
    const auto behind = watched.post({.claims = {shared("disk")}});
    REQUIRE_FALSE(waits.set_priority(task_priority::high));
    reader events(watched.where.subscribe());

    const event_batch begin = events.next();
    const auto summary = [&](const task_handle& task) {
        const auto is_it = [&](const task_summary& each) { return each.id == task.id(); };
        const auto found = std::find_if(begin.snapshot->begin(), begin.snapshot->end(), is_it);
        REQUIRE(found != begin.snapshot->end());
        return *found;
    };
    CHECK(summary(waits).priority == task_priority::high);
    REQUIRE(summary(waits).claims.size() == 2);
    for (const resource_claim& each : summary(waits).claims)
        CHECK(each.mode == (each.resource == "disk" ? claim_mode::exclusive : claim_mode::shared));
    REQUIRE(summary(holder).obstacle);
    CHECK(summary(holder).obstacle->kind == obstacle_kind::predecessor);
    CHECK(summary(holder).obstacle->tasks == ids{watched.held.id()});
    CHECK_FALSE(summary(watched.held).obstacle);
    CHECK(summary(watched.held).claims.empty());

    const obstacle now = behind.obstacle();
    REQUIRE(summary(behind).obstacle);
    CHECK(summary(behind).obstacle->kind == now.kind);
    CHECK(summary(behind).obstacle->name == now.name);
    ids in_the_way;
    for (const task_handle& each : now.tasks) in_the_way.push_back(each.id());
    CHECK(summary(behind).obstacle->tasks == in_the_way);

    const auto posted = watched.post({.claims = {shared("host")}});
    const event_batch next = events.next();
    REQUIRE(next.events.size() == 1);
    CHECK(next.events.front().task.claims.size() == 1);
    CHECK_FALSE(next.events.front().task.obstacle);
}
