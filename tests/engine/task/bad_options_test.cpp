// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include <vmtask/task_source.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"
#include "support/thrown.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::code_thrown_by;
using test::patience;

namespace {

template <class Enumeration>
constexpr auto no_value = static_cast<Enumeration>(77);

/// Options with one bad number, and the option's name.
struct bad_case {
    std::string name;
    task_options options;
};

std::vector<bad_case> bad_cases()
{
    const time_limit bad_limit(1h, no_value<limit_action>);
    return {
        {"priority", {.priority = no_value<task_priority>}},
        {"when_busy", {.kind = "work", .claims = {exclusive("disk")}, .when_busy = no_value<when_busy>}},
        {"after_failure", {.after_failure = no_value<after_failure>}},
        {"claims", {.claims = {shared("one"), {"other", no_value<claim_mode>}}}},
        {"queued", {.limits = {.queued = bad_limit}}},
        {"running", {.limits = {.running = bad_limit}}},
        {"total", {.limits = {.total = bad_limit}}},
        {"without_progress", {.limits = {.without_progress = bad_limit}}},
    };
}

} // namespace

TEST_CASE("a number that is no value of an option's enumeration is refused by the option's name", "[bad_input]")
{
    vmtask::engine engine({.workers = 1});
    for (const bad_case& each : bad_cases()) {
        INFO(each.name);
        try {
            (void)engine.post([](task_context&) {}, each.options);
            FAIL_CHECK("it was posted");
        } catch (const std::system_error& refused) {
            CHECK(refused.code() == errc::bad_options);
            CHECK(std::string(refused.what()).find(each.name) != std::string::npos);
        }
    }
    CHECK(engine.tasks().empty());
    CHECK(engine.shutdown(shutdown_mode::drain, patience).complete());
}

TEST_CASE("such a number is refused for coroutines and sources too, and the body stays where it was", "[bad_input]")
{
    vmtask::engine engine({.workers = 1});
    auto body = [kept = std::make_unique<int>(7)](task_context&) -> asio::awaitable<int> { co_return *kept; };
    for (const bad_case& each : bad_cases()) {
        INFO(each.name);
        CHECK(code_thrown_by([&] { (void)engine.post(std::move(body), each.options); }) == errc::bad_options);
        CHECK(code_thrown_by([&] { task_source<>(engine, each.options); }) == errc::bad_options);
    }
    const task<int> posted = engine.post(std::move(body)); // NOLINT: that is the question
    REQUIRE(posted.wait_for_completion(patience) == wait_status::completed);
    CHECK(posted.result() == 7);
}

TEST_CASE("a priority that there is not cannot be set", "[bad_input][priority]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const task_handle plain = engine.post([](task_context&) {});
    const task_handle on_terms = engine.post([](task_context&) {}, {.kind = "work"});
    for (const task_handle& task : {plain, on_terms})
        CHECK(task.set_priority(no_value<task_priority>) == errc::bad_options);
    gate.open();
    CHECK(engine.shutdown(shutdown_mode::drain, patience).complete());
}

TEST_CASE("a shutdown in a mode that there is not is refused, and the engine goes on", "[bad_input][shutdown]")
{
    vmtask::engine engine({.workers = 1});
    CHECK(code_thrown_by([&] { engine.shutdown(no_value<shutdown_mode>); }) == errc::bad_options);
    CHECK(code_thrown_by([&] { engine.shutdown(no_value<shutdown_mode>, 1ms); }) == errc::bad_options);
    CHECK_NOTHROW(engine.post([](task_context&) {}));
}

TEST_CASE("no task has passed a limit that there is not", "[bad_input][time_limit]")
{
    vmtask::engine engine({.workers = 1});
    const task_handle task = engine.post([](task_context&) {}, {.limits = {.total = 1h}});
    CHECK_FALSE(task.has_passed(no_value<limit_kind>));
}
