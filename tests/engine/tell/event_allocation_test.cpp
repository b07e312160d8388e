// SPDX-License-Identifier: BSL-1.0
//
// Events for which there is no memory.

#include <vmtask/engine.hpp>

#include "counted_heap.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"

#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::allowance;
using test::fail_each_allocation_in;

namespace {

const std::string long_text = "a text that no string keeps without memory of its own";

/// An engine with events, whose worker is held, and a reader on this thread.
struct watched_engine {
    watched_engine() { test::occupy_workers(where, gate, 1); }

    [[nodiscard]] task<> post()
    {
        return where.post([](task_context&) {}, {.description = long_text});
    }

    /// Reads what there is, with that many allocations.
    std::error_code read(event_subscription& events, event_batch& into, long allowed = -1)
    {
        std::error_code told;
        events.async_next(asio::bind_executor(here, [&](std::error_code error, event_batch batch) {
            allowance = -1;
            told = error;
            into = std::move(batch);
        }));
        here.restart();
        allowance = allowed;
        here.run();
        allowance = -1;
        return told;
    }

    test::gate gate;
    asio::io_context here;
    engine where{{.workers = 1, .events = {.kept = 100, .progress_interval = 0s}}};
};

/// The state that a batch leaves a task in, if it says anything of it.
std::optional<task_state> state_in(const event_batch& batch, std::uint64_t id)
{
    std::optional<task_state> state;
    if (batch.snapshot) {
        for (const task_summary& each : *batch.snapshot)
            if (each.id == id) state = each.state;
    }
    for (const task_event& each : batch.events)
        if (each.task.id == id) state = each.task.state;
    return state;
}

} // namespace

TEST_CASE("an event without memory is a loss that the reader is told of", "[events][allocation]")
{
    int losses = 0;
    for (long allowed = 0; allowed < 20; ++allowed) {
        watched_engine watched;
        const task<> queued = watched.post();
        event_subscription events = watched.where.subscribe();
        event_batch batch;
        REQUIRE_FALSE(watched.read(events, batch));
        REQUIRE(state_in(batch, queued.id()) == task_state::queued);

        allowance = allowed;
        const std::error_code refusal = queued.request_cancel();
        allowance = -1;
        REQUIRE_FALSE(refusal);
        REQUIRE_FALSE(watched.read(events, batch));
        if (batch.lost) ++losses;
        CHECK(batch.lost == batch.snapshot.has_value());
        CHECK(state_in(batch, queued.id()) == task_state::cancelled);
    }
    CHECK(losses > 1);
    CHECK(losses < 20);
}

TEST_CASE("a read without memory says so and loses nothing", "[events][allocation]")
{
    watched_engine watched;
    event_subscription events = watched.where.subscribe();
    event_batch batch;
    REQUIRE_FALSE(watched.read(events, batch));
    const task<> queued = watched.post();
    int failures = 0;
    while (const std::error_code error = watched.read(events, batch, failures)) {
        REQUIRE(error == std::errc::not_enough_memory);
        ++failures;
    }
    CHECK(failures > 1);
    CHECK_FALSE(batch.lost);
    REQUIRE(batch.events.size() == 1);
    CHECK(batch.events.front().task.id == queued.id());
    CHECK(batch.events.front().task.description == long_text);
}

TEST_CASE("a subscription without memory is none, and a post without memory leaves no task behind",
          "[events][allocation]")
{
    watched_engine watched;
    CHECK(fail_each_allocation_in([&] { (void)watched.where.subscribe(); }) > 1);

    std::vector<task<>> posted;
    posted.reserve(2);
    CHECK(fail_each_allocation_in([&] { posted.push_back(watched.post()); }) > 1);
    event_subscription events = watched.where.subscribe();
    event_batch batch;
    REQUIRE_FALSE(watched.read(events, batch));
    REQUIRE(batch.snapshot);
    CHECK(batch.snapshot->size() == 2); // the one that holds the worker, and the last
    CHECK(state_in(batch, posted.front().id()) == task_state::queued);
}
