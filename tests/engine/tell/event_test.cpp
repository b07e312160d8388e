// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/coroutine.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"
#include "support/thrown.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <future>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;
using kind = task_event_kind;

namespace {

engine_options with_events(std::size_t kept, std::chrono::steady_clock::duration progress_interval = 0s)
{
    return {.workers = 1, .events = {.kept = kept, .progress_interval = progress_interval}};
}

/// The next batch; throws what the read completes with.
event_batch next(event_subscription& events)
{
    std::future<event_batch> batch = events.async_next(asio::use_future);
    if (batch.wait_for(patience) != std::future_status::ready) throw std::runtime_error("no event came");
    return batch.get();
}

/// A reader that has the snapshot behind it.
class reader {
public:
    explicit reader(engine& read) : events_(read.subscribe()), begin_(next(events_)) {}

    [[nodiscard]] const event_batch& begin() const noexcept { return begin_; }

    /// Reads up to an event of that kind, and returns all.
    std::vector<task_event> read_until(kind last)
    {
        std::vector<task_event> read;
        while (read.empty() || read.back().kind != last) {
            if (waiting_.empty())
                for (task_event& each : next(events_).events) waiting_.push_back(std::move(each));
            read.push_back(std::move(waiting_.front()));
            waiting_.pop_front();
        }
        return read;
    }

private:
    event_subscription events_;
    event_batch begin_;
    std::deque<task_event> waiting_;
};

/// Reads past the snapshot that comes first.
void skip_snapshot(event_subscription& events)
{
    REQUIRE(next(events).snapshot);
}

std::vector<kind> kinds_of(const std::vector<task_event>& events)
{
    std::vector<kind> kinds;
    for (const task_event& each : events) kinds.push_back(each.kind);
    return kinds;
}

std::error_code error_of(std::future<event_batch>& read)
{
    if (read.wait_for(patience) != std::future_status::ready) return {};
    return test::code_thrown_by([&] { (void)read.get(); });
}

/// Posts a task and waits until it has ended.
void post_one(engine& engine)
{
    REQUIRE(engine.post([](task_context&) {}).wait_for_completion() == wait_status::completed);
}

} // namespace

TEST_CASE("events tell of a task from its post to its end, each with the next version", "[events]")
{
    engine engine(with_events(100));
    reader events(engine);
    const event_batch& begin = events.begin();
    REQUIRE(begin.snapshot);
    CHECK(begin.snapshot->empty());
    CHECK_FALSE(begin.lost);

    const task<> task = engine.post([](task_context& self) { self.report_progress(0.5); },
                                    {.description = "compact a.vhd", .kind = "compact", .initiator = "ann"});
    const auto read = events.read_until(kind::ended);
    CHECK(kinds_of(read) == std::vector{kind::posted, kind::began, kind::ended});
    for (std::size_t i = 0; i < read.size(); ++i) {
        CHECK(read[i].version == begin.version + i + 1);
        CHECK(read[i].task.id == task.id());
        CHECK(read[i].task.description == "compact a.vhd");
        CHECK(read[i].task.kind == "compact");
        CHECK(read[i].task.initiator == "ann");
    }
    CHECK(read[0].task.state == task_state::queued);
    CHECK(read[1].task.state == task_state::running);
    CHECK(read[2].task.state == task_state::succeeded);
    CHECK(read[2].task.progress.fraction == 1.0);
}

TEST_CASE("the event of an end carries the outcome", "[events]")
{
    engine engine(with_events(100));
    reader events(engine);
    engine.post([](task_context& self) {
        self.report_step("reading");
        throw std::runtime_error("a.vhd: it is torn");
    });
    const auto read = events.read_until(kind::ended);
    CHECK(read.back().error == errc::task_failed);
    REQUIRE(read.back().outcome);
    CHECK(read.back().outcome->state == task_state::failed);
    CHECK(read.back().outcome->message == "a.vhd: it is torn");
    CHECK(read.back().outcome->step == "reading");
    CHECK_FALSE(read.front().outcome);
}

TEST_CASE("events tell of attempts, pauses and cancels", "[events]")
{
    test::gate second_attempt;
    engine engine(with_events(100));
    reader events(engine);
    const task<> task = engine.post(
        [&, attempts = 0](task_context& self) mutable {
            if (++attempts == 1) throw std::system_error(std::make_error_code(std::errc::io_error));
            second_attempt.hold(self);
        },
        {.retry = retry_policy{.attempts = 2, .first_delay = 0s}});
    REQUIRE(second_attempt.reached());

    CHECK(kinds_of(events.read_until(kind::attempt_failed))
          == std::vector{kind::posted, kind::began, kind::attempt_failed});
    CHECK(events.read_until(kind::began).size() == 1);
    REQUIRE_FALSE(task.pause());
    CHECK(events.read_until(kind::paused).back().task.state == task_state::paused);
    REQUIRE_FALSE(task.resume());
    CHECK(events.read_until(kind::resumed).back().task.state == task_state::running);
    REQUIRE_FALSE(task.request_cancel("bob"));
    const auto cancelled = events.read_until(kind::ended);
    CHECK(kinds_of(cancelled) == std::vector{kind::cancel_requested, kind::ended});
    CHECK(cancelled.front().task.cancel_requested);
    CHECK(cancelled.back().task.state == task_state::cancelled);
    CHECK(cancelled.back().outcome->cancel_requested_by == "bob");
}

TEST_CASE("an attempt that failed is told though a cancel comes before the next", "[events][retry][cancel]")
{
    /// Cancels the task when it is told of the attempt.
    struct canceller final : task_observer {
        void attempt_failed(const observed_task&, std::error_code) noexcept override
        {
            has_accepted = !failed.get_future().get().request_cancel();
        }
        std::promise<task_handle> failed;
        std::atomic<bool> has_accepted{false};
    };
    const auto observer = std::make_shared<canceller>();
    engine engine({.workers = 1, .events = {.kept = 100}, .observers = {observer}});
    reader events(engine);
    const task<> task =
        engine.post([](task_context&) { throw std::system_error(std::make_error_code(std::errc::io_error)); },
                    {.retry = retry_policy{.attempts = 2, .first_delay = 0s}});
    observer->failed.set_value(task);

    CHECK(kinds_of(events.read_until(kind::ended))
          == std::vector{kind::posted, kind::began, kind::attempt_failed, kind::cancel_requested, kind::ended});
    CHECK(observer->has_accepted);
    CHECK(task.outcome().state == task_state::failed);
}

TEST_CASE("events tell of a coroutine's pauses", "[events]")
{
    test::gate inside;
    engine engine(with_events(100));
    reader events(engine);
    const task<> task = engine.post([&](task_context& self) -> asio::awaitable<void> {
        inside.hold_regardless();
        co_await self.async_checkpoint(asio::use_awaitable);
    });
    REQUIRE(inside.reached());
    REQUIRE_FALSE(task.pause());
    inside.open();
    REQUIRE(test::eventually([&] { return task.state() == task_state::paused; }));
    REQUIRE_FALSE(task.resume());
    CHECK(kinds_of(events.read_until(kind::ended))
          == std::vector{kind::posted, kind::began, kind::paused, kind::resumed, kind::ended});
}

TEST_CASE("a task cancelled in the queue has ended without having begun", "[events]")
{
    test::gate gate;
    engine engine(with_events(100));
    test::occupy_workers(engine, gate, 1);
    reader events(engine);
    REQUIRE_FALSE(engine.post([](task_context&) {}).request_cancel());
    CHECK(kinds_of(events.read_until(kind::ended)) == std::vector{kind::posted, kind::ended});
}

TEST_CASE("a snapshot has every listed task as the events before it left it", "[events]")
{
    test::gate gate;
    engine engine(with_events(100));
    post_one(engine);
    const auto running = test::occupy_workers(engine, gate, 1);
    const task<> queued = engine.post([](task_context&) {}, {.description = "later", .parent = running.front()});
    event_subscription events = engine.subscribe();
    const event_batch batch = next(events);
    REQUIRE(batch.snapshot);
    const auto& tasks = *batch.snapshot;
    REQUIRE(tasks.size() == 3);
    CHECK(tasks[0].state == task_state::succeeded);
    CHECK(tasks[0].progress.fraction == 1.0);
    CHECK(tasks[1].id == running.front().id());
    CHECK(tasks[1].state == task_state::running);
    CHECK(tasks[2].id == queued.id());
    CHECK(tasks[2].state == task_state::queued);
    CHECK(tasks[2].description == "later");
    CHECK(tasks[2].parent == running.front().id());
    CHECK(batch.events.empty());
}

TEST_CASE("what the engine lists no longer is removed", "[events]")
{
    engine_options options = with_events(100);
    options.retain.count = 0;
    engine engine(std::move(options));
    reader events(engine);
    const task<> task = engine.post([](task_context&) {});
    const auto read = events.read_until(kind::removed);
    CHECK(kinds_of(read) == std::vector{kind::posted, kind::began, kind::ended, kind::removed});
    CHECK(read.back().task.id == task.id());
    CHECK(read.back().task.state == task_state::succeeded);
}

TEST_CASE("a post that is refused after all is removed at once", "[events]")
{
    test::gate gate;
    engine engine(with_events(100));
    const task<> holder = engine.post([&](task_context& self) { gate.hold(self); }, {.claims = {exclusive("a.vhd")}});
    REQUIRE(gate.reached());
    reader events(engine);
    CHECK_THROWS_AS(engine.post([](task_context&) {}, {.claims = {exclusive("a.vhd")}, .when_busy = when_busy::fail}),
                    resource_busy);
    CHECK(kinds_of(events.read_until(kind::removed)) == std::vector{kind::posted, kind::removed});
}

TEST_CASE("a reader that comes back continues where it was", "[events]")
{
    engine engine(with_events(100));
    std::uint64_t version = 0;
    {
        event_subscription events = engine.subscribe();
        version = next(events).version;
    }
    post_one(engine);
    event_subscription events = engine.subscribe(version);
    const event_batch batch = next(events);
    CHECK_FALSE(batch.snapshot);
    CHECK_FALSE(batch.lost);
    REQUIRE_FALSE(batch.events.empty());
    CHECK(batch.events.front().version == version + 1);
    CHECK(batch.events.front().kind == kind::posted);
    CHECK(batch.version == batch.events.back().version);
}

TEST_CASE("a reader too far behind is told that it has lost events, and gets a snapshot", "[events]")
{
    engine engine(with_events(4));
    event_subscription events = engine.subscribe();
    const std::uint64_t begin = next(events).version;
    post_one(engine);
    post_one(engine); // six events
    REQUIRE(engine.shutdown(shutdown_mode::drain).unfinished.empty());
    const event_batch batch = next(events);
    CHECK(batch.lost);
    REQUIRE(batch.snapshot);
    CHECK(batch.snapshot->size() == 2);
    CHECK(batch.version == begin + 6);
    CHECK(batch.events.empty());
}

TEST_CASE("as many events are kept as the options say", "[events]")
{
    engine engine(with_events(5));
    const std::uint64_t begin = reader(engine).begin().version;
    post_one(engine);
    post_one(engine); // six events
    REQUIRE(engine.shutdown(shutdown_mode::drain).unfinished.empty());
    event_subscription in_time = engine.subscribe(begin + 1);
    const event_batch batch = next(in_time);
    CHECK_FALSE(batch.lost);
    CHECK(batch.events.size() == 5);
    event_subscription too_late = engine.subscribe(begin);
    CHECK(next(too_late).lost);
}

TEST_CASE("versions of another engine, before or to come, are lost", "[events]")
{
    engine engine(with_events(100));
    const std::uint64_t version =
        GENERATE(std::uint64_t{0}, std::uint64_t{1}, std::numeric_limits<std::uint64_t>::max());
    event_subscription events = engine.subscribe(version);
    const event_batch batch = next(events);
    CHECK(batch.lost);
    CHECK(batch.snapshot);
}

TEST_CASE("versions rise from one engine to the next", "[events]")
{
    const auto version_of = [](engine& engine) {
        event_subscription events = engine.subscribe();
        return next(events).version;
    };
    std::uint64_t before = 0;
    {
        engine engine(with_events(100));
        post_one(engine);
        before = version_of(engine);
    }
    engine engine(with_events(100));
    CHECK(version_of(engine) > before);
    CHECK(before < std::uint64_t{1} << 53);
}

TEST_CASE("progress is sampled for those who subscribe", "[events]")
{
    test::gate reported;
    engine engine(with_events(1000, 1ms));
    event_subscription events = engine.subscribe();
    skip_snapshot(events);
    engine.post([&](task_context& self) {
        for (int i = 1; i <= 100'000; ++i) self.report_progress(i / 200'000.0);
        reported.hold(self);
    });
    REQUIRE(reported.reached());
    std::vector<task_event> read;
    while (read.empty() || read.back().task.progress.fraction < 0.5)
        for (task_event& each : next(events).events) read.push_back(std::move(each));
    CHECK(read.back().kind == kind::progressed);
    CHECK(read.back().task.state == task_state::running);
    CHECK(read.size() < 10'000);
}

TEST_CASE("a task that reports nothing new makes no events of progress", "[events]")
{
    test::gate reported;
    engine engine(with_events(1000, 1ms));
    reader events(engine);
    engine.post([&](task_context& self) {
        self.report_progress(0.5);
        reported.hold(self);
    });
    REQUIRE(kinds_of(events.read_until(kind::progressed)).size() == 3);
    // A second task, which progresses later, is looked at after the first.
    engine.post([](task_context&) -> asio::awaitable<void> { co_return; });
    CHECK(kinds_of(events.read_until(kind::ended)) == std::vector{kind::posted, kind::began, kind::ended});
    reported.open();
    CHECK(kinds_of(events.read_until(kind::ended)) == std::vector{kind::ended});
}

TEST_CASE("a read waits until something happens", "[events]")
{
    engine engine(with_events(100));
    event_subscription events = engine.subscribe();
    skip_snapshot(events);
    std::future<event_batch> read = events.async_next(asio::use_future);
    REQUIRE(test::settle_event_loop(engine));
    CHECK(read.wait_for(0s) == std::future_status::timeout);
    post_one(engine);
    REQUIRE(read.wait_for(patience) == std::future_status::ready);
    CHECK(read.get().events.front().kind == kind::posted);
}

TEST_CASE("a second read while one waits is refused", "[events]")
{
    engine engine(with_events(100));
    event_subscription events = engine.subscribe();
    skip_snapshot(events);
    std::future<event_batch> first = events.async_next(asio::use_future);
    std::future<event_batch> second = events.async_next(asio::use_future);
    CHECK(error_of(second) == asio::error::already_started);
    post_one(engine);
    CHECK(first.get().events.front().kind == kind::posted);
}

TEST_CASE("a read that is given up has lost nothing", "[events]")
{
    test::mailbox<std::error_code> told;
    asio::cancellation_signal signal;
    engine engine(with_events(100));
    event_subscription events = engine.subscribe();
    skip_snapshot(events);
    events.async_next(asio::bind_cancellation_slot(
        signal.slot(), [&](std::error_code error, const event_batch&) { told.put(error); }));
    signal.emit(asio::cancellation_type::total);
    REQUIRE(told.holds(1));
    CHECK(told.letters().front() == asio::error::operation_aborted);

    // A late signal does not reach the next read.
    std::future<event_batch> read = events.async_next(asio::use_future);
    signal.emit(asio::cancellation_type::total);
    post_one(engine);
    CHECK(read.get().events.front().kind == kind::posted);
}

TEST_CASE("a read ends when its subscription goes", "[events]")
{
    engine engine(with_events(100));
    std::future<event_batch> read;
    {
        event_subscription events = engine.subscribe();
        skip_snapshot(events);
        read = events.async_next(asio::use_future);
    }
    CHECK(error_of(read) == asio::error::operation_aborted);
}

TEST_CASE("a reader gets all events of an engine that ends, and is then told so", "[events]")
{
    std::optional<event_subscription> events;
    std::future<event_batch> read;
    {
        engine engine(with_events(100));
        events.emplace(engine.subscribe());
        skip_snapshot(*events);
        post_one(engine);
        (void)next(*events);
        REQUIRE(engine.shutdown(shutdown_mode::drain).unfinished.empty());
    }
    std::vector<kind> rest;
    std::error_code end;
    while (!end)
        end = test::code_thrown_by([&] {
            for (const task_event& each : next(*events).events) rest.push_back(each.kind);
        });
    CHECK(end == errc::shutting_down);
    if (!rest.empty()) CHECK(rest.back() == kind::ended);
}

TEST_CASE("the end of the engine ends a read that waits", "[events]")
{
    std::future<event_batch> read;
    std::optional<event_subscription> events;
    {
        engine engine(with_events(100));
        events.emplace(engine.subscribe());
        skip_snapshot(*events);
        read = events->async_next(asio::use_future);
    }
    CHECK(error_of(read) == errc::shutting_down);
}

TEST_CASE("an engine without events says so", "[events]")
{
    engine engine({.workers = 1});
    CHECK(test::code_thrown_by([&] { (void)engine.subscribe(); }) == errc::no_events);
    CHECK(test::code_thrown_by([&] { (void)engine.subscribe(7); }) == errc::no_events);
}

TEST_CASE("events come to a callback on the executor of its choice", "[events]")
{
    test::mailbox<std::thread::id> called_on;
    test::mailbox<std::error_code> errors;
    asio::io_context context;
    auto work = asio::make_work_guard(context);
    std::vector<kind> seen;
    engine engine(with_events(100));
    std::optional<event_subscription> events(engine.subscribe());
    events->deliver_to(context.get_executor(), [&](std::error_code error, const event_batch& batch) {
        called_on.put(std::this_thread::get_id());
        for (const task_event& each : batch.events) {
            seen.push_back(each.kind);
            if (each.kind == kind::ended) events.reset();
        }
        if (error) {
            errors.put(error);
            work.reset();
        }
    });
    engine.post([](task_context&) {});
    context.run_for(patience);
    CHECK(seen == std::vector{kind::posted, kind::began, kind::ended});
    REQUIRE(errors.letters().size() == 1);
    CHECK(errors.letters().front() == asio::error::operation_aborted);
    for (const std::thread::id each : called_on.letters()) CHECK(each == std::this_thread::get_id());
}

TEST_CASE("a coroutine reads events", "[events]")
{
    engine engine(with_events(100));
    const auto read = [&]() -> asio::awaitable<std::vector<kind>> {
        std::vector<kind> seen;
        event_subscription events = engine.subscribe();
        (void)co_await events.async_next(asio::use_awaitable);
        engine.post([](task_context&) {});
        while (seen.empty() || seen.back() != kind::ended) {
            const event_batch batch = co_await events.async_next(asio::use_awaitable);
            for (const task_event& each : batch.events) seen.push_back(each.kind);
        }
        co_return seen;
    };
    CHECK(test::run_here(read()) == std::vector{kind::posted, kind::began, kind::ended});
}
