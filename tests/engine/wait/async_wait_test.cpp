// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/system_executor.hpp>

#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using test::patience;

namespace {

task<> ended_task(engine& engine)
{
    task<> task = engine.post([](task_context&) {});
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    return task;
}

} // namespace

TEST_CASE("an asynchronous wait speaks of itself: no error however the task has ended", "[async]")
{
    test::gate gate;
    test::mailbox<std::error_code> heard;
    vmtask::engine engine({.workers = 1});
    const task_handle succeeds = engine.post([](task_context&) {});
    const task_handle fails = engine.post([](task_context&) { throw std::runtime_error("no"); });
    const task_handle stopped = engine.post([&](task_context& self) { gate.hold(self); });
    const task_handle never_begun = engine.post([](task_context&) {});
    for (const auto& task : {succeeds, fails, stopped, never_begun})
        task.async_wait([&](std::error_code error) { heard.put(error); });

    REQUIRE_FALSE(never_begun.request_cancel());
    REQUIRE_FALSE(stopped.request_cancel());
    REQUIRE(heard.holds(4));
    CHECK(heard.letters() == std::vector<std::error_code>(4));
    CHECK(fails.state() == task_state::failed);
}

TEST_CASE("when the handler runs the task has ended", "[async]")
{
    test::mailbox<bool> complete;
    vmtask::engine engine({.workers = 1});
    for (int i = 0; i < 200; ++i) {
        const task<> task = engine.post([](task_context&) {});
        task.async_wait([&, task](std::error_code) { complete.put(task.is_complete()); });
    }
    REQUIRE(complete.holds(200));
    CHECK(complete.letters() == std::vector<bool>(200, true));
}

TEST_CASE("an asynchronous wait for an ended task does not call its handler inside the call", "[async]")
{
    asio::io_context caller;
    bool called = false;
    vmtask::engine engine;
    const task<> task = ended_task(engine);

    asio::post(caller, [&] {
        task.async_wait(asio::bind_executor(caller, [&](std::error_code) { called = true; }));
        CHECK_FALSE(called);
        task.async_wait_for(std::chrono::seconds(0),
                            asio::bind_executor(caller, [&](std::error_code) { called = true; }));
        CHECK_FALSE(called);
    });
    caller.run_for(patience);
    CHECK(called);
}

TEST_CASE("not even a handler on the event loop's own thread is called inside the call", "[async]")
{
    test::mailbox<std::string> order;
    vmtask::engine engine;
    const task<> task = ended_task(engine);
    asio::post(engine.get_executor(), [&] {
        task.async_wait([&](std::error_code) { order.put("handler"); });
        order.put("initiation returned");
    });

    REQUIRE(order.holds(2));
    CHECK(order.letters() == std::vector<std::string>{"initiation returned", "handler"});
}

TEST_CASE("a handler on the system executor is not called on the caller's thread", "[async]")
{
    test::mailbox<std::thread::id> called_on;
    vmtask::engine engine;
    const task<> task = ended_task(engine);
    task.async_wait(asio::bind_executor(asio::system_executor(),
                                        [&](std::error_code) { called_on.put(std::this_thread::get_id()); }));

    REQUIRE(called_on.holds(1));
    CHECK(called_on.letters().front() != std::this_thread::get_id());
}

TEST_CASE("a handler without an executor runs on the event loop, however busy the workers", "[async]")
{
    test::gate gate;
    test::mailbox<std::thread::id> called_on;
    vmtask::engine engine({.workers = 2});
    const auto held = test::occupy_workers(engine, gate, 2);
    const task<> queued = engine.post([](task_context&) {});
    const auto note = [&](auto&&...) { called_on.put(std::this_thread::get_id()); };
    asio::post(engine.get_executor(), note);
    queued.async_wait(note);
    queued.async_result(note);
    queued.async_wait_for(std::chrono::milliseconds(1), note);
    held.front().async_wait_for(std::chrono::seconds(0), note);

    REQUIRE_FALSE(queued.request_cancel());
    REQUIRE(called_on.holds(5));
    CHECK(gate.still_holding());
    CHECK(called_on.letters() == std::vector<std::thread::id>(5, called_on.letters().front()));
    gate.open();
}

TEST_CASE("a handler runs on its own executor, which runs on until then", "[async]")
{
    test::gate gate;
    asio::io_context caller;
    std::vector<std::thread::id> called_on;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto note = [&](auto&&...) { called_on.push_back(std::this_thread::get_id()); };
    held.front().async_wait(asio::bind_executor(caller, note));
    held.front().async_result(asio::bind_executor(caller, note));
    held.front().async_wait_for(patience, asio::bind_executor(caller, note));
    held.front().async_wait(asio::bind_executor(asio::make_strand(caller), note));

    // Nothing but the waits gives `caller` something to do after this.
    asio::post(caller, [&] { gate.open(); });
    caller.run_for(patience);
    CHECK(called_on == std::vector<std::thread::id>(4, std::this_thread::get_id()));
}

TEST_CASE("many waits for one task are told once each", "[async]")
{
    test::gate gate;
    asio::io_context caller;
    std::vector<int> calls(2000);
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    for (auto& count : calls)
        held.front().async_wait(asio::bind_executor(caller, [&count](std::error_code) { ++count; }));

    gate.open();
    caller.run_for(patience);
    CHECK(calls == std::vector<int>(2000, 1));
}

TEST_CASE("a handler that can only be moved is called", "[async]")
{
    test::gate gate;
    test::mailbox<int> heard;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto handler = [&](int value) {
        return [&heard, owned = std::make_unique<int>(value)](auto&&...) { heard.put(*owned); };
    };
    held.front().async_wait(handler(1));
    held.front().async_wait_for(patience, handler(1));
    held.front().async_result(handler(1));
    gate.open();
    REQUIRE(heard.holds(3));

    held.front().async_wait(handler(1));
    REQUIRE(heard.holds(4));
    CHECK(heard.letters() == std::vector<int>(4, 1));
}

TEST_CASE("a wait keeps its task though every handle is gone", "[async]")
{
    test::gate gate;
    test::mailbox<std::error_code> heard;
    vmtask::engine engine({.workers = 1, .retain = {.count = 0}});
    engine.post([&](task_context& self) { gate.hold(self); }).async_wait([&](std::error_code error) {
        heard.put(error);
    });

    gate.open();
    REQUIRE(heard.holds(1));
    CHECK_FALSE(heard.letters().front());
}

TEST_CASE("a handler may wait again, post, list, and drop the last handle", "[async]")
{
    test::mailbox<std::size_t> listed;
    vmtask::engine engine({.workers = 1, .retain = {.count = 0}});
    auto first = std::make_shared<task<>>(engine.post([](task_context&) {}));
    const task_handle again = *first;
    again.async_wait([&, first](std::error_code) {
        const task<> second = engine.post([](task_context&) {});
        *first = {};
        second.async_wait([&, second](std::error_code) { listed.put(engine.tasks().size()); });
    });
    first.reset();

    CHECK(listed.holds(1));
}
