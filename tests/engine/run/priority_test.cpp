// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <asio/awaitable.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;
using names = std::vector<std::string>;

namespace {

/// Posts tasks that write down in which order they began.
class recorder {
public:
    explicit recorder(engine& engine) : engine_(engine) {}

    task<> post(const std::string& name, task_options options)
    {
        return engine_.post([this, name](task_context&) { begun_.put(name); }, std::move(options));
    }

    names begun(std::size_t count)
    {
        if (!begun_.holds(count)) throw std::runtime_error("not all tasks began");
        return begun_.letters();
    }

private:
    engine& engine_;
    test::mailbox<std::string> begun_;
};

} // namespace

TEST_CASE("tasks begin by priority, and in order of arrival within one", "[priority]")
{
    test::gate gate;
    engine engine({.workers = 1});
    recorder recorder(engine);
    test::occupy_workers(engine, gate, 1);
    recorder.post("low 1", {.priority = task_priority::low});
    recorder.post("normal 1", {});
    recorder.post("high 1", {.priority = task_priority::high});
    recorder.post("low 2", {.priority = task_priority::low});
    recorder.post("normal 2", {});
    recorder.post("high 2", {.priority = task_priority::high});
    gate.open();
    CHECK(recorder.begun(6) == names{"high 1", "high 2", "normal 1", "normal 2", "low 1", "low 2"});
}

TEST_CASE("a task that has waited long enough begins before newer ones of a higher priority", "[priority]")
{
    test::gate gate;
    // Without any delay a step down weighs nothing: only the arrival counts.
    engine engine({.workers = 1, .aging = 0s});
    recorder recorder(engine);
    test::occupy_workers(engine, gate, 1);
    const auto low = recorder.post("low", {.priority = task_priority::low});
    recorder.post("high", {.priority = task_priority::high});
    gate.open();
    CHECK(recorder.begun(2) == names{"low", "high"});
}

TEST_CASE("a queued task's priority can be changed", "[priority]")
{
    test::gate gate;
    engine engine({.workers = 1});
    recorder recorder(engine);
    const auto running = test::occupy_workers(engine, gate, 1).front();
    const auto first = recorder.post("first", {});
    const auto second = recorder.post("second", {});
    CHECK_FALSE(second.set_priority(task_priority::high));
    CHECK_FALSE(first.set_priority(task_priority::low));
    recorder.post("third", {});
    CHECK(running.set_priority(task_priority::high) == errc::already_begun);
    gate.open();
    CHECK(recorder.begun(3) == names{"second", "third", "first"});
    CHECK(running.wait_for_completion(patience) == wait_status::completed);
    CHECK(running.set_priority(task_priority::high) == errc::already_ended);
}

TEST_CASE("coroutines count in a lane like other tasks, and priorities hold there", "[lane][priority][coroutine]")
{
    test::gate gate;
    engine engine({.workers = 1, .lanes = {{"array", 1}}});
    recorder recorder(engine);
    const auto running = engine.post([&](task_context& self) { gate.hold(self); }, {.lane = "array"});
    REQUIRE(gate.reached());
    const auto coroutine = engine.post([](task_context&) -> asio::awaitable<void> { co_return; }, {.lane = "array"});
    recorder.post("low", {.priority = task_priority::low, .lane = "array"});
    const auto raised = recorder.post("raised", {.priority = task_priority::low, .lane = "array"});
    CHECK_FALSE(raised.set_priority(task_priority::high));
    REQUIRE(test::settle_event_loop(engine));
    CHECK(coroutine.state() == task_state::queued);
    gate.open();
    CHECK(recorder.begun(2) == names{"raised", "low"});
    CHECK(coroutine.wait_for_completion(patience) == wait_status::completed);
}
