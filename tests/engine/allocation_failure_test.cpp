// SPDX-License-Identifier: BSL-1.0
//
// Each allocation of a call fails once. Either the call throws, and nothing has
// happened, or it succeeds.

#include <vmtask/engine.hpp>
#include <vmtask/progress_step.hpp>
#include <vmtask/prometheus.hpp>
#include <vmtask/task_source.hpp>
#include <vmtask/when_all.hpp>
#include <vmtask/when_any.hpp>

#include "counted_heap.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"
#include "support/thrown.hpp"

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>
#include <asio/system_executor.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::allowance;
using test::eventually;
using test::fail_each_allocation_in;
using test::patience;

namespace {

void nothing(task_context&) {}

/// Too long for a string to keep it in itself.
constexpr std::string_view long_text = "a text that no string keeps without memory of its own";

/// Too large for the engine to have memory for it from tasks before.
struct large_body {
    void operator()(task_context&) const {}
    std::array<char, 1000> ballast{};
};
struct large_coroutine_body {
    asio::awaitable<void> operator()(task_context&) const { co_return; }
    std::array<char, 1000> ballast{};
};

std::string long_name(std::string_view name)
{
    return std::string(name) + std::string(long_text);
}

/// One worker, which is held, and something of everything that a task can be
/// posted on.
struct busy_engine {
    test::gate gate;
    std::stop_source stop;
    engine where{{.workers = 1, .lanes = {{long_name("lane"), 1}}, .retain = {.count = 0}}};
    task_handle whole = test::occupy_workers(where, gate, 1).front();
    task_handle before = where.post(nothing);

    [[nodiscard]] task_options terms() const
    {
        return {.description = std::string(long_text),
                .kind = long_name("kind"),
                .lane = long_name("lane"),
                .claims = {exclusive(long_name("disk")), shared(long_name("pool"))},
                .parent = whole,
                .limits = {.queued = 1h, .running = 1h, .total = 1h, .without_progress = 1h},
                .retry = retry_policy{},
                .stop = stop.get_token()};
    }

    /// Nothing is left of a post that failed: no task, and none of its claims.
    void check_that_all_is_free()
    {
        CHECK(where.tasks() == std::vector{whole, before});
        const auto next = where.post(
            nothing,
            {.claims = {exclusive(long_name("disk")), exclusive(long_name("pool"))}, .when_busy = when_busy::fail});
        CHECK_FALSE(next.request_cancel());
    }

    /// All go on, the whole among them: it has no part that nobody ends.
    void check_that_all_end(const task_handle& posted)
    {
        gate.open();
        for (const task_handle& each : {posted, whole, before}) {
            REQUIRE(each.wait_for_completion(patience) == wait_status::completed);
            CHECK(each.state() == task_state::succeeded);
        }
        const auto in_lane = where.post(nothing, {.lane = long_name("lane")});
        CHECK(in_lane.wait_for_completion(patience) == wait_status::completed);
    }
};

/// Counts what it is told; needs no memory for that.
struct tally final : task_observer {
    void posted(const observed_task&) noexcept override { ++posts; }
    void withdrawn(const observed_task&) noexcept override { ++withdrawals; }
    std::atomic<int> posts{0};
    std::atomic<int> withdrawals{0};
};

/// The simplest coroutine there is.
struct detached_coroutine {
    struct promise_type {
        detached_coroutine get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
};

struct outcomes {
    std::atomic<int> ends{0};
    bool lacked_memory = false;
};

detached_coroutine await_end(task_handle task, outcomes& seen)
{
    try {
        co_await task.resume_on(asio::system_executor());
        ++seen.ends;
    } catch (const std::bad_alloc&) {
        seen.lacked_memory = true;
    }
}

detached_coroutine fetch(task<std::string> task, outcomes& seen)
{
    try {
        const std::string fetched = co_await task.result_on(asio::system_executor());
        if (fetched == long_text) ++seen.ends;
    } catch (const std::bad_alloc&) {
        seen.lacked_memory = true;
    }
}

} // namespace

TEST_CASE("a post on all terms that runs out of memory leaves nothing behind", "[allocation]")
{
    busy_engine busy;
    const bool begins_after = GENERATE(false, true);
    const when_busy policy = GENERATE(when_busy::queue, when_busy::fail, when_busy::join, when_busy::replace);
    task_handle posted;

    const auto post = [&](auto body) {
        return fail_each_allocation_in(
            [&] {
                task_options terms = busy.terms();
                terms.when_busy = policy;
                if (begins_after) terms.after.push_back(busy.before);
                posted = busy.where.post(body, std::move(terms));
            },
            [&] { busy.check_that_all_is_free(); });
    };
    CHECK(post(large_body()) > 10);
    CHECK_FALSE(posted.request_cancel());
    CHECK(post(large_coroutine_body()) > 10);
    busy.check_that_all_end(posted);
}

TEST_CASE("a post that runs out of memory replaces nobody, joins nobody and is refused by nobody", "[allocation]")
{
    busy_engine busy;
    const auto holder = busy.where.post(nothing, busy.terms());
    task_options terms = busy.terms();

    terms.when_busy = when_busy::join;
    task_handle joined;
    fail_each_allocation_in([&] { joined = busy.where.post(large_body(), task_options(terms)); });
    CHECK(joined == holder);

    terms.when_busy = when_busy::fail;
    std::optional<std::error_code> refused;
    fail_each_allocation_in(
        [&] { refused = test::code_thrown_by([&] { busy.where.post(large_body(), task_options(terms)); }); });
    CHECK(refused == errc::resource_busy);

    terms.when_busy = when_busy::replace;
    task_handle newest;
    fail_each_allocation_in([&] { newest = busy.where.post(large_body(), task_options(terms)); },
                            [&] { CHECK(holder.state() == task_state::queued); });
    CHECK(holder.state() == task_state::cancelled);
    busy.check_that_all_end(newest);
}

TEST_CASE("an observer is told of as many posts that made no task as there were", "[allocation][observer]")
{
    const auto observer = std::make_shared<tally>();
    test::gate gate;
    engine engine({.workers = 1, .lanes = {{long_name("lane"), 1}}, .observers = {observer}});
    const auto held = test::occupy_workers(engine, gate, 1);
    const int told_before = observer->posts;
    fail_each_allocation_in([&] {
        engine.post(large_body(),
                    {.lane = long_name("lane"), .claims = {exclusive(long_name("disk"))}, .parent = held[0]});
    });
    CHECK(observer->posts - told_before == observer->withdrawals + 1);
    CHECK(observer->withdrawals > 0);
    CHECK(engine.metrics().posts_withdrawn >= static_cast<std::uint64_t>(observer->withdrawals));
    gate.open();
}

TEST_CASE("a task that runs elsewhere and runs out of memory was never there", "[allocation][source]")
{
    engine engine({.workers = 1});
    task_source<std::string> source;
    const int failures = fail_each_allocation_in(
        [&] {
            source = task_source<std::string>(engine,
                                              {.description = std::string(long_text),
                                               .claims = {exclusive(long_name("disk"))},
                                               .when_busy = when_busy::fail,
                                               .limits = {.running = 1h}});
        },
        [&] { CHECK(engine.tasks().empty()); });
    CHECK(failures > 3);
    CHECK(source.handle().state() == task_state::running);

    allowance = 0;
    source.set_value(long_text);
    allowance = -1;
    CHECK(source.handle().state() == task_state::failed);
    CHECK(source.handle().error() == std::errc::not_enough_memory);
}

TEST_CASE("a source can be dropped without memory, and its task is abandoned", "[allocation][source]")
{
    auto engine = std::make_unique<vmtask::engine>(engine_options{.workers = 1});
    auto dropped = std::make_unique<task_source<>>(*engine);
    const task_handle abandoned = dropped->handle();
    const task_source<> kept(*engine);

    CHECK(fail_each_allocation_in([&] { (void)kept.set_error(errc::task_failed); },
                                  [&] { CHECK(kept.handle().state() == task_state::running); })
          > 0);
    allowance = 0;
    dropped.reset();
    allowance = -1;

    CHECK(kept.handle().error() == errc::task_failed);
    CHECK(abandoned.state() == task_state::failed);
    CHECK(abandoned.error() == errc::abandoned);
    CHECK(test::code_thrown_by([&] { abandoned.result(); }) == errc::abandoned);
    CHECK(engine->shutdown(shutdown_mode::drain, patience).complete());
}

TEST_CASE("a joint wait that runs out of memory was never begun, however it is made", "[allocation][when_any]")
{
    test::gate gate;
    test::mailbox<std::error_code> heard;
    asio::cancellation_signal signal;
    engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    // Too many for the engine to have memory for them from waits before.
    const std::vector many(100, held.front());
    const auto note = [&](std::error_code error, auto...) { heard.put(error); };

    CHECK(fail_each_allocation_in([&] { when_any(many).async_wait_for(1h, note); }) > 1);
    CHECK(fail_each_allocation_in([&] { when_all(many).async_wait(asio::bind_cancellation_slot(signal.slot(), note)); })
          > 1);
    first_to_end first{wait_status::completed, 0};
    CHECK(fail_each_allocation_in([&] { first = when_any(many).wait_for_completion(1ms); }) > 0);
    CHECK(first.index == any_task::none);
    signal.emit(asio::cancellation_type::total);
    gate.open();
    REQUIRE(heard.holds(2));
    REQUIRE(test::settle_event_loop(engine));
    CHECK(heard.letters().size() == 2);
    CHECK(heard.letters().front() == asio::error::operation_aborted);
}

TEST_CASE("a wait on a worker that runs out of memory blocks nobody", "[allocation][when_all]")
{
    engine engine({.workers = 1, .spare_workers = 1});
    const auto task = engine.post([&](task_context&) {
        std::vector<vmtask::task<>> parts;
        for (int i = 0; i < 20; ++i) parts.push_back(engine.post(nothing));
        return fail_each_allocation_in([&] { (void)when_all(parts).wait_for_completion(); });
    });
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.result() > 0);
    CHECK(eventually([&] { return engine.metrics().workers_blocked == 0; }));
}

TEST_CASE("a coroutine that runs out of memory where it awaits is not resumed later", "[allocation][foreign]")
{
    test::gate gate;
    outcomes seen;
    engine engine({.workers = 1});
    const auto held = engine.post([&](task_context& self) {
        gate.hold(self);
        return std::string(long_text);
    });
    const auto begin = [&](auto coroutine) {
        seen.lacked_memory = false;
        coroutine(held, seen);
        if (seen.lacked_memory) throw std::bad_alloc();
    };
    CHECK(fail_each_allocation_in([&] { begin(await_end); }) > 0);
    CHECK(fail_each_allocation_in([&] { begin(fetch); }) > 0);
    CHECK(seen.ends == 0);
    gate.open();
    REQUIRE(eventually([&] { return seen.ends == 2; }));
    CHECK(engine.shutdown(shutdown_mode::drain).complete());
    CHECK(seen.ends == 2);
}

TEST_CASE("what a body says without memory is not said, and it may say it again", "[allocation][progress]")
{
    engine engine({.workers = 1});
    std::vector<std::string> mistakes;
    const auto task = engine.post([&](task_context& self) {
        const task_handle own = self.handle();
        const auto expect = [&](std::string_view step, std::string_view unit, std::size_t warnings) {
            const auto shown = own.progress();
            if (shown.step != step || shown.unit != unit) mistakes.push_back(shown.step + '/' + shown.unit);
            if (own.outcome().warnings.size() != warnings) mistakes.emplace_back("warnings");
        };
        const auto with = [](std::string_view text) { return long_name(text); };
        fail_each_allocation_in([&] { self.report_step(with("a")); }, [&] { expect("", "", 0); });
        fail_each_allocation_in([&] { self.set_progress_unit(with("b")); }, [&] { expect(with("a"), "", 0); });
        fail_each_allocation_in([&] { self.add_warning(with("c")); }, [&] { expect(with("a"), with("b"), 0); });
        fail_each_allocation_in([&] { (void)self.stop_token(); });
        expect(with("a"), with("b"), 1);
    });
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::succeeded);
    CHECK(mistakes == std::vector<std::string>{});
}

TEST_CASE("a step that does not begin for want of memory leaves its share to the next", "[allocation][progress]")
{
    engine engine({.workers = 1});
    double shown = 0;
    int failures = 0;
    const auto task = engine.post([&](task_context& self) {
        progress_step whole(self);
        failures = fail_each_allocation_in([&] {
            progress_step half = whole.step(0.5, long_text);
            allowance = -1;
            half.report(0.5);
            shown = self.handle().progress().fraction;
        });
        fail_each_allocation_in([&] { whole.set_unit(long_text); });
    });
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(failures > 1);
    CHECK(shown == 0.25);
    CHECK(task.progress().step.empty());
    CHECK(task.progress().unit.empty());
}

TEST_CASE("asking an engine without memory throws, and asking again tells all", "[allocation][list][metrics]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto failed = engine.post([](task_context&) { throw std::runtime_error(std::string(long_text)); },
                                    {.kind = long_name("kind"), .initiator = long_name("initiator")});
    REQUIRE(failed.wait_for_completion(patience) == wait_status::completed);
    const auto held =
        engine.post([&](task_context& self) { gate.hold(self); }, {.claims = {exclusive(long_name("disk"))}});
    REQUIRE(gate.reached()); // by now the first has been counted
    const auto waiting = engine.post(nothing, {.claims = {exclusive(long_name("disk"))}});
    std::vector<task_handle> listed;
    task_page page;
    task_outcome outcome;
    obstacle found;
    metrics_snapshot metrics;
    std::string text;

    CHECK(fail_each_allocation_in([&] { listed = engine.tasks(); }) > 0);
    CHECK(listed.size() == 3);
    CHECK(fail_each_allocation_in([&] { page = engine.tasks({.kind = long_name("kind")}, {.limit = 1}); }) > 1);
    CHECK(page.tasks == std::vector<task_handle>{failed});
    CHECK(fail_each_allocation_in([&] { outcome = failed.outcome(); }) > 2);
    CHECK(outcome.message == long_text);
    CHECK(fail_each_allocation_in([&] { found = waiting.obstacle(); }) > 1);
    CHECK(found.tasks == std::vector<task_handle>{held});
    fail_each_allocation_in([&] { metrics = engine.metrics(); });
    CHECK(metrics.tasks_failed == 1);
    CHECK(fail_each_allocation_in([&] { text = to_prometheus(metrics, long_text); }) > 1);
    CHECK(eventually([&] { return engine.metrics().event_loop_delay.count > 0; }));
    gate.open();
    CHECK(waiting.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("a pause, a lane or a shutdown that runs out of memory can be had later",
          "[allocation][pause][lane][shutdown]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto queued = engine.post(nothing);

    CHECK(fail_each_allocation_in([&] { (void)queued.pause(); }, [&] { CHECK(queued.resume() == errc::not_paused); })
          > 0);
    CHECK_FALSE(queued.resume());
    CHECK(fail_each_allocation_in([&] { engine.set_lane_limit(long_name("lane"), 1); },
                                  [&] {
                                      CHECK(test::code_thrown_by(
                                                [&] { engine.post(nothing, {.lane = long_name("lane")}); })
                                            == errc::unknown_lane);
                                  })
          > 0);
    const task_handle cancelled = engine.post(nothing);
    allowance = 0;
    const std::error_code answer = cancelled.request_cancel(long_text);
    allowance = -1;
    CHECK_FALSE(answer); // whose it was is all that is lost
    CHECK(cancelled.state() == task_state::cancelled);
    fail_each_allocation_in([&] { (void)engine.shutdown(shutdown_mode::cancel, 0s); });
    CHECK(engine.shutdown(shutdown_mode::cancel, patience).complete());
}
