// SPDX-License-Identifier: BSL-1.0
#include <vmtask/task_source.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/thrown.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::code_thrown_by;
using test::eventually;
using test::patience;

namespace {

struct cannot_be_made {
    explicit cannot_be_made(int) { throw std::runtime_error("on purpose"); }
};

} // namespace

TEST_CASE("a task that runs elsewhere ends when its owner says so", "[source]")
{
    engine engine({.workers = 1});
    const task_source<std::string> source(engine, {.description = "elsewhere"});
    const task<std::string> task = source.handle();
    CHECK(task.state() == task_state::running);
    CHECK(engine.find(task.id()) == task);
    source.context().report_progress(1, 4);
    source.context().report_step("copying");
    CHECK(task.percent_completed() == 25);
    CHECK(task.progress().step == "copying");
    CHECK(task.wait_for_completion(0ms) == wait_status::timed_out);

    std::thread owner([&] { source.set_value("done"); });
    CHECK(task.wait_for_completion(patience) == wait_status::completed);
    owner.join();
    CHECK(task.state() == task_state::succeeded);
    CHECK(task.result() == "done");
    CHECK(task.percent_completed() == 100);
    // The first decides.
    CHECK_FALSE(source.set_value("again"));
    CHECK_FALSE(source.set_error(errc::task_failed));
    CHECK(task.result() == "done");
}

TEST_CASE("a task that runs elsewhere fails as its owner says", "[source]")
{
    engine engine({.workers = 1});
    const task_source<> with_code(engine);
    CHECK(with_code.set_error(std::make_error_code(std::errc::io_error)));
    CHECK(with_code.handle().error() == std::errc::io_error);
    const task_source<> with_exception(engine);
    CHECK(with_exception.set_exception(std::make_exception_ptr(std::runtime_error("on purpose"))));
    CHECK(with_exception.handle().error() == errc::task_failed);
    const task_source<cannot_be_made> without_value(engine);
    CHECK(without_value.set_value(1));
    CHECK(without_value.handle().state() == task_state::failed);
}

TEST_CASE("a task whose owner vanishes has failed", "[source]")
{
    engine engine({.workers = 1});
    std::optional<task_source<int>> source(std::in_place, engine);
    const auto task = source->handle();
    task_source<int> moved(std::move(*source));
    source.reset();
    CHECK(task.state() == task_state::running);
    const task_source<int> other(engine);
    moved = task_source<int>();
    CHECK_FALSE(moved);
    CHECK(task.state() == task_state::failed);
    CHECK(task.error() == errc::abandoned);
    CHECK(other.handle().state() == task_state::running);
}

TEST_CASE("the owner of a task that runs elsewhere is told of a cancel", "[source][cancel]")
{
    engine engine({.workers = 1});
    const task_source<> source(engine);
    std::atomic<int> told{0};
    const std::stop_callback callback(source.context().stop_token(), [&] { ++told; });
    CHECK_FALSE(source.handle().request_cancel());
    CHECK(told == 1);
    CHECK(source.context().stop_requested());
    CHECK(source.handle().state() == task_state::running);
    CHECK(source.set_error(errc::cancelled));
    CHECK(source.handle().state() == task_state::cancelled);

    const task_source<> deaf(engine);
    CHECK_FALSE(deaf.handle().request_cancel());
    CHECK(deaf.set_value());
    CHECK(deaf.handle().state() == task_state::succeeded);
    CHECK(deaf.handle().cancel_requested());
}

TEST_CASE("an engine does not wait for owners that will not end their tasks", "[source][shutdown]")
{
    std::optional<task_source<>> source;
    task<> task;
    {
        engine engine({.workers = 1});
        source.emplace(engine);
        task = source->handle();
        CHECK(engine.shutdown(shutdown_mode::cancel, 1ms).unfinished == std::vector<task_handle>{task});
    }
    CHECK(task.state() == task_state::failed);
    CHECK(task.error() == errc::shutting_down);
    CHECK_FALSE(source->set_value());
}

TEST_CASE("a task that runs elsewhere claims what is free, and has parts", "[source][resource][part]")
{
    engine engine({.workers = 1});
    const task_options options{.claims = {exclusive("disk")}, .when_busy = when_busy::fail};
    const task_source<> source(engine, options);
    CHECK(code_thrown_by([&] { const task_source<> second(engine, options); }) == errc::resource_busy);
    const auto part = engine.post([](task_context&) {}, {.claims = {exclusive("disk")}, .parent = source.handle()});
    REQUIRE(part.wait_for_completion(patience) == wait_status::completed);
    CHECK(source.set_value());
    // It ends after its part, whose end is known a moment before.
    REQUIRE(source.handle().wait_for_completion(patience) == wait_status::completed);
    CHECK(source.handle().state() == task_state::succeeded);
    const task_source<> third(engine, options);
    CHECK(third.handle().state() == task_state::running);
}

TEST_CASE("a task that runs elsewhere cannot be posted to wait", "[source][bad_input]")
{
    engine engine({.workers = 1, .lanes = {{"array", 1}}});
    const auto refused = [&](task_options options) {
        return code_thrown_by([&] { const task_source<> source(engine, std::move(options)); });
    };
    CHECK(refused({.claims = {exclusive("disk")}}) == errc::bad_options);
    CHECK(refused({.lane = "array"}) == errc::bad_options);
    CHECK(refused({.retry = retry_policy{}}) == errc::bad_options);
    CHECK(refused({.not_before = std::chrono::steady_clock::now()}) == errc::bad_options);
    CHECK(refused({.held = true}) == errc::bad_options);
    CHECK(engine.tasks().empty());
}

TEST_CASE("a source that is cancelled before it begins is no longer queued", "[source][cancel]")
{
    test::gate gate;
    engine engine({.workers = 1, .queue_limit = 10});
    const auto whole = engine.post([&](task_context&) { gate.hold_regardless(); });
    REQUIRE(gate.reached());
    REQUIRE_FALSE(whole.request_cancel());
    // Its parts are cancelled where they are listed, and must not begin.
    for (int i = 0; i < 50; ++i) {
        const task_source<> source(engine, {.parent = whole});
        CHECK(source.handle().state() == task_state::cancelled);
    }
    CHECK(engine.metrics().tasks_queued == 0);
    gate.open();
    CHECK(whole.wait_for_completion(patience) == wait_status::completed);
}

namespace {

/// Cancels tasks the moment that they can be found, which is while they are
/// posted still.
class hasty_canceller final : public task_observer {
public:
    void begin(const engine& where)
    {
        thread_ = std::thread([this, &where] {
            while (!is_over_)
                if (const task_handle found = where.find(next_)) (void)found.request_cancel();
        });
    }
    void end()
    {
        is_over_ = true;
        thread_.join();
    }

private:
    void posted(const observed_task& task) noexcept override { next_ = task.id; }

    std::atomic<std::uint64_t> next_{0};
    std::atomic<bool> is_over_{false};
    std::thread thread_;
};

} // namespace

TEST_CASE("a source that is cancelled while it is posted is no longer queued", "[source][cancel]")
{
    const auto canceller = std::make_shared<hasty_canceller>();
    engine engine({.workers = 1, .retain = {.count = 0}, .observers = {canceller}});
    canceller->begin(engine);
    const auto end = std::chrono::steady_clock::now() + 1s;
    while (std::chrono::steady_clock::now() < end && engine.metrics().tasks_cancelled < 200)
        task_source<>(engine).set_value();
    canceller->end();
    CHECK(engine.metrics().tasks_queued == 0);
    CHECK(engine.metrics().tasks_under_way == 0);
}
