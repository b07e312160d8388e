// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "time/let_time_pass.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"

#include <asio/awaitable.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using std::chrono::system_clock;
using test::patience;

namespace {

const std::error_code no_space = std::make_error_code(std::errc::no_space_on_device);
constexpr auto step = 30ms;

void fail_in_three_layers()
{
    try {
        try {
            throw std::system_error(no_space, "write");
        } catch (...) {
            std::throw_with_nested(std::runtime_error("block 7"));
        }
    } catch (...) {
        std::throw_with_nested(std::system_error(std::make_error_code(std::errc::io_error), "compact"));
    }
}

task_outcome outcome_of(const task_handle& task)
{
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    return task.outcome();
}

} // namespace

TEST_CASE("an outcome says who wanted the task, and why", "[outcome]")
{
    engine engine({.workers = 1});
    const auto said = outcome_of(
        engine.post([](task_context&) {}, {.kind = "compact", .initiator = "night shift", .reason = "disk is full"}));
    CHECK(said.state == task_state::succeeded);
    CHECK_FALSE(said.code);
    CHECK(said.message.empty());
    CHECK(said.kind == "compact");
    CHECK(said.initiator == "night shift");
    CHECK(said.reason == "disk is full");
    CHECK(said.attempts == 1);
    CHECK(said.cancel_requested == cancel_origin::none);
    CHECK_FALSE(said.cancel_requested_at);
}

TEST_CASE("an outcome names every cause of a failure, and the step it was in", "[outcome]")
{
    engine engine({.workers = 1});
    const auto said = outcome_of(engine.post([](task_context& self) {
        self.report_step("moving blocks");
        fail_in_three_layers();
    }));
    CHECK(said.state == task_state::failed);
    CHECK(said.code == std::errc::io_error);
    CHECK(said.message.starts_with("compact"));
    CHECK(said.step == "moving blocks");
    REQUIRE(said.causes.size() == 2);
    CHECK(said.causes[0].message == "block 7");
    CHECK(said.causes[0].code == errc::task_failed);
    CHECK(said.causes[1].code == no_space);
    CHECK(said.causes[1].message.starts_with("write"));
}

TEST_CASE("an exception that says nothing is described by its code", "[outcome]")
{
    engine engine({.workers = 1});
    const auto said = outcome_of(engine.post([](task_context&) { throw 7; }));
    CHECK(said.code == errc::task_failed);
    CHECK(said.message == said.code.message());
    CHECK(said.causes.empty());
}

TEST_CASE("a task that succeeds may have warned, a bounded number of times", "[outcome]")
{
    engine engine({.workers = 1});
    const auto said = outcome_of(engine.post([](task_context& self) {
        for (std::size_t i = 0; i < task_outcome::most_warnings + 3; ++i)
            self.add_warning("warning " + std::to_string(i));
    }));
    CHECK(said.state == task_state::succeeded);
    REQUIRE(said.warnings.size() == task_outcome::most_warnings);
    CHECK(said.warnings.front() == "warning 0");
    CHECK(said.warnings.back() == "warning " + std::to_string(task_outcome::most_warnings - 1));
    CHECK(said.warnings_dropped == 3);
}

TEST_CASE("an outcome tells when the task was queued, begun and ended", "[outcome]")
{
    const auto before = system_clock::now();
    test::gate gate;
    engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto task = engine.post([](task_context&) { test::let_time_pass(step); });
    CHECK_FALSE(task.outcome().started);
    CHECK_FALSE(task.outcome().ended);
    CHECK(task.outcome().attempts == 0);
    test::let_time_pass(step);
    gate.open();

    const auto said = outcome_of(task);
    REQUIRE(said.started);
    REQUIRE(said.ended);
    CHECK(said.queued >= before - patience); // two clocks, read one after the other
    CHECK(*said.started - said.queued >= step);
    CHECK(*said.ended - *said.started >= step);
    CHECK(*said.ended <= system_clock::now() + patience);
}

TEST_CASE("the time of an end is the same for all who ask", "[outcome]")
{
    engine engine({.workers = 1});
    std::vector<task_outcome> first;
    for (int i = 0; i < 50; ++i) first.push_back(outcome_of(engine.post([](task_context&) {})));
    test::let_time_pass(step); // whoever told a time anew would tell another
    const std::vector<task_handle> tasks = engine.tasks();
    REQUIRE(tasks.size() == first.size());
    for (std::size_t i = 0; i < first.size(); ++i) CHECK(tasks[i].outcome().ended == first[i].ended);
}

TEST_CASE("an outcome counts the attempts, and knows when the first began", "[outcome][retry]")
{
    std::atomic<int> calls{0};
    engine engine({.workers = 1});
    const auto said = outcome_of(engine.post(
        [&](task_context& self) {
            self.add_warning("attempt " + std::to_string(++calls));
            test::let_time_pass(step);
            if (calls < 3) throw std::runtime_error("on purpose");
        },
        {.retry = retry_policy{.attempts = 5, .first_delay = 0s}}));
    CHECK(said.state == task_state::succeeded);
    CHECK(said.attempts == 3);
    CHECK(said.warnings.size() == 3);
    CHECK(*said.ended - *said.started >= 3 * step);
}

TEST_CASE("a task that ends between two attempts has made one", "[outcome][retry]")
{
    engine engine({.workers = 1});
    const auto task = engine.post([](task_context&) { throw std::runtime_error("on purpose"); },
                                  {.retry = retry_policy{.first_delay = 1h, .longest_delay = 1h}});
    REQUIRE(test::eventually([&] { return task.obstacle().kind == obstacle_kind::delay; }));
    CHECK_FALSE(task.request_cancel("operator"));
    const auto said = outcome_of(task);
    CHECK(said.state == task_state::cancelled);
    CHECK(said.attempts == 1);
    CHECK(said.started);
    CHECK(said.cancel_requested_by == "operator");
}

TEST_CASE("an outcome tells who asked first for a cancel, and when", "[outcome][cancel]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto running = engine.post([&](task_context&) { gate.hold_regardless(); });
    REQUIRE(gate.reached());
    test::let_time_pass(step);
    CHECK_FALSE(running.request_cancel("operator"));
    CHECK_FALSE(running.request_cancel("somebody else"));
    const auto so_far = running.outcome();
    CHECK(so_far.state == task_state::running);
    CHECK(so_far.code == errc::not_ended);
    CHECK(so_far.message.empty());
    CHECK(so_far.cancel_requested == cancel_origin::caller);
    CHECK(so_far.cancel_requested_by == "operator");
    gate.open();

    // It got to its end all the same, and the outcome says both.
    const auto said = outcome_of(running);
    CHECK(said.state == task_state::succeeded);
    CHECK(said.cancel_requested_by == "operator");
    REQUIRE(said.cancel_requested_at);
    CHECK(*said.cancel_requested_at - *said.started >= step);
    CHECK(*said.cancel_requested_at <= *said.ended);
}

TEST_CASE("a task cancelled in the queue says who did that, and was never begun", "[outcome][cancel]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const std::string name = GENERATE("", "operator");
    const auto queued = engine.post([](task_context&) {});
    CHECK_FALSE(queued.request_cancel(name));
    const auto said = outcome_of(queued);
    CHECK(said.state == task_state::cancelled);
    CHECK(said.code == errc::cancelled);
    CHECK(said.message == said.code.message());
    CHECK(said.attempts == 0);
    CHECK_FALSE(said.started);
    CHECK(said.cancel_requested == cancel_origin::caller);
    CHECK(said.cancel_requested_by == name);
    REQUIRE(said.cancel_requested_at);
    CHECK(*said.cancel_requested_at >= said.queued);
    CHECK(*said.cancel_requested_at <= *said.ended);
    gate.open();
}

TEST_CASE("an outcome tells which of the engine's own reasons a cancel had", "[outcome][cancel]")
{
    test::gate gate;
    std::stop_source stop;
    engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto origin_of = [](const task_handle& task) { return outcome_of(task).cancel_requested; };

    const auto stopped = engine.post([](task_context&) {}, {.stop = stop.get_token()});
    stop.request_stop();
    CHECK(origin_of(stopped) == cancel_origin::stop_token);

    const task_options request{.kind = "compact", .claims = {exclusive("disk")}, .when_busy = when_busy::replace};
    const auto replaced = engine.post([](task_context&) {}, request);
    const auto later = engine.post([](task_context&) {}, request);
    CHECK(origin_of(replaced) == cancel_origin::replaced);

    const auto part = engine.post([](task_context&) {}, {.parent = later});
    CHECK_FALSE(later.request_cancel("operator"));
    CHECK(origin_of(part) == cancel_origin::parent);

    const auto left = engine.post([](task_context&) {});
    (void)engine.shutdown(shutdown_mode::cancel, 0s);
    CHECK(origin_of(left) == cancel_origin::shutdown);
    gate.open();
}

TEST_CASE("of many who ask for a cancel at once, one is named, and by all who see the cancel", "[outcome][cancel]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const std::vector<std::string> names{"one", "two", "three"};
    for (int round = 0; round < 20; ++round) {
        const auto task = engine.post([&](task_context& self) { gate.hold(self); });
        REQUIRE(gate.reached(round + 1));
        std::atomic<bool> nameless{false};
        std::vector<std::thread> asking;
        for (const std::string& name : names) {
            asking.emplace_back([&, name] {
                (void)task.request_cancel(name);
                if (task.outcome().cancel_requested_by.empty()) nameless = true;
            });
        }
        for (auto& thread : asking) thread.join();
        CHECK_FALSE(nameless);
        const auto said = outcome_of(task).cancel_requested_by;
        CHECK(std::find(names.begin(), names.end(), said) != names.end());
    }
    gate.open();
}

TEST_CASE("a coroutine's outcome says as much as any other", "[outcome][coroutine]")
{
    engine engine({.workers = 1});
    const auto said = outcome_of(engine.post([](task_context& self) -> asio::awaitable<void> {
        self.report_step("reading");
        self.add_warning("slow");
        fail_in_three_layers();
        co_return;
    }));
    CHECK(said.state == task_state::failed);
    CHECK(said.attempts == 1);
    CHECK(said.started);
    CHECK(said.step == "reading");
    CHECK(said.causes.size() == 2);
    CHECK(said.warnings == std::vector<std::string>{"slow"});
}

TEST_CASE("an outcome outlives the engine", "[outcome]")
{
    task_handle task;
    {
        engine engine({.workers = 1});
        task = engine.post([](task_context&) { throw std::runtime_error("on purpose"); }, {.kind = "probe"});
    }
    const auto said = outcome_of(task);
    CHECK(said.kind == "probe");
    CHECK(said.ended);
}
