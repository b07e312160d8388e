// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <system_error>
#include <thread>

using namespace vmtask;
using test::patience;

TEST_CASE("a cancel ends a queued task before it returns, and its body never runs", "[cancel]")
{
    test::gate gate;
    bool begun = false;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto task = engine.post([&](task_context&) { begun = true; });

    CHECK(task.is_cancelable());
    CHECK(task.request_cancel() == std::error_code());
    CHECK(task.state() == task_state::cancelled);
    CHECK(task.is_complete());
    CHECK(task.error() == errc::cancelled);
    CHECK(task.cancel_requested());
    CHECK_THROWS_AS(task.result(), std::system_error);
    gate.open();
    REQUIRE(engine.shutdown(shutdown_mode::drain, patience).complete());
    CHECK_FALSE(begun);
}

TEST_CASE("a cancelled queued task's body is destroyed before its end is told, and not by the caller", "[cancel]")
{
    test::gate gate;
    std::thread::id destroyed_by;
    const auto note_thread = [&](int* captured) {
        destroyed_by = std::this_thread::get_id();
        delete captured;
    };
    std::shared_ptr<int> captured(new int(0), note_thread);
    const std::weak_ptr<int> watched = captured;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto task = engine.post([captured](task_context&) {});
    captured.reset();
    REQUIRE_FALSE(watched.expired());

    CHECK_FALSE(task.request_cancel());
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(watched.expired());
    CHECK(destroyed_by != std::this_thread::get_id());
}

TEST_CASE("a cancel stops a running task at its next checkpoint", "[cancel]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const task<>& task = held.front();

    CHECK(task.is_cancelable());
    CHECK_FALSE(task.cancel_requested());
    CHECK(task.request_cancel() == std::error_code());
    CHECK(task.cancel_requested());
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::cancelled);
    CHECK(task.error() == errc::cancelled);
    CHECK(task.percent_completed() < 100);
    CHECK_THROWS_AS(task.result(), std::system_error);
}

TEST_CASE("asking a running task again to stop is harmless", "[cancel]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([&](task_context&) { gate.hold_regardless(); });
    REQUIRE(gate.reached());

    for (int i = 0; i < 3; ++i) CHECK(task.request_cancel() == std::error_code());
    CHECK(task.is_cancelable());
    gate.open();
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("a body that finishes in spite of a cancel has succeeded, and the handle says both", "[cancel]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) {
        gate.hold_regardless();
        return self.stop_requested();
    });
    REQUIRE(gate.reached());
    REQUIRE_FALSE(task.request_cancel());
    CHECK(task.state() == task_state::running);
    gate.open();

    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::succeeded);
    CHECK(task.error() == std::error_code());
    CHECK(task.cancel_requested());
    CHECK(task.percent_completed() == 100);
    CHECK(task.result());
}

TEST_CASE("a body that fails of itself after a cancel keeps its own error", "[cancel]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([&](task_context&) {
        gate.hold_regardless();
        throw std::system_error(std::make_error_code(std::errc::io_error));
    });
    REQUIRE(gate.reached());
    REQUIRE_FALSE(task.request_cancel());
    gate.open();

    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::failed);
    CHECK(task.error() == std::errc::io_error);
    CHECK(task.cancel_requested());
}

TEST_CASE("an ended task refuses a cancel with errc::already_ended", "[cancel]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const task_handle never_begun = engine.post([](task_context&) {});
    REQUIRE_FALSE(never_begun.request_cancel());
    gate.open();
    const task_handle succeeded = engine.post([](task_context&) {});
    const task_handle failed = engine.post([](task_context&) { throw std::runtime_error("no"); });
    const task_handle not_cancelable = engine.post([](task_context&) {}, {.description = {}, .cancelable = false});

    for (const auto& task : {never_begun, succeeded, failed, not_cancelable}) {
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
        const auto state = task.state();
        const auto requested = task.cancel_requested();
        CHECK(task.request_cancel() == errc::already_ended);
        CHECK_FALSE(task.is_cancelable());
        CHECK(task.state() == state);
        CHECK(task.cancel_requested() == requested);
    }
}

TEST_CASE("a task posted as not cancelable refuses a cancel, queued and running", "[cancel]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto body = [&](task_context& self) {
        gate.hold_regardless();
        self.checkpoint();
        self.point_of_no_return();
        return self.stop_requested();
    };
    const auto running = engine.post(body, {.description = {}, .cancelable = false});
    const auto queued = engine.post(body, {.description = {}, .cancelable = false});
    REQUIRE(gate.reached());

    for (const auto& task : {running, queued}) {
        CHECK_FALSE(task.is_cancelable());
        CHECK(task.request_cancel() == errc::not_cancelable);
        CHECK_FALSE(task.cancel_requested());
    }
    gate.open();
    for (const auto& task : {running, queued}) {
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
        CHECK(task.state() == task_state::succeeded);
        CHECK_FALSE(task.result());
    }
}

TEST_CASE("past its point of no return a task refuses a cancel", "[cancel]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) {
        self.point_of_no_return();
        self.point_of_no_return();
        gate.hold_regardless();
        self.checkpoint();
        return self.stop_requested() || self.stop_token().stop_requested();
    });
    REQUIRE(gate.reached());

    CHECK_FALSE(task.is_cancelable());
    CHECK(task.request_cancel() == errc::not_cancelable);
    CHECK_FALSE(task.cancel_requested());
    gate.open();
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::succeeded);
    CHECK_FALSE(task.result());
}

TEST_CASE("a cancel before the point of no return stops the task there", "[cancel]")
{
    test::gate gate;
    bool passed = false;
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) {
        gate.hold_regardless();
        self.point_of_no_return();
        passed = true;
    });
    REQUIRE(gate.reached());
    REQUIRE_FALSE(task.request_cancel());
    gate.open();

    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::cancelled);
    CHECK_FALSE(passed);
}

TEST_CASE("a checkpoint throws errc::cancelled, and what it unwinds is undone before the end", "[cancel]")
{
    test::gate gate;
    std::optional<std::error_code> thrown;
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) {
        try {
            gate.hold(self);
        } catch (const std::system_error& stop) {
            thrown = stop.code();
            throw;
        }
    });
    REQUIRE(gate.reached());
    REQUIRE_FALSE(task.request_cancel());

    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(thrown == errc::cancelled);
}

TEST_CASE("a stop callback runs on the thread that requests the cancel, before that returns", "[cancel]")
{
    test::gate gate;
    test::mailbox<std::thread::id> called_on;
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) {
        const std::stop_callback note(self.stop_token(), [&] { called_on.put(std::this_thread::get_id()); });
        gate.hold_regardless();
    });
    REQUIRE(gate.reached());

    REQUIRE_FALSE(task.request_cancel());
    REQUIRE_FALSE(task.request_cancel());
    CHECK(called_on.letters() == std::vector<std::thread::id>{std::this_thread::get_id()});
    gate.open();
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("a stop token taken after the cancel knows of it", "[cancel]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) {
        const bool early = self.stop_token().stop_requested();
        gate.hold_regardless();
        return !early && self.stop_token().stop_requested() && self.stop_requested();
    });
    const auto first_token_late = engine.post([&](task_context& self) {
        gate.hold_regardless();
        while (!self.stop_requested()) std::this_thread::yield();
        return test::eventually([&] { return self.stop_token().stop_requested(); });
    });
    REQUIRE(gate.reached());
    REQUIRE_FALSE(task.request_cancel());
    gate.open();
    REQUIRE(gate.reached(2));
    REQUIRE_FALSE(first_token_late.request_cancel());

    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    REQUIRE(first_token_late.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.result());
    CHECK(first_token_late.result());
}

TEST_CASE("a stop callback may use the task and the engine", "[cancel]")
{
    test::gate gate;
    test::mailbox<std::size_t> listed;
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) {
        const std::stop_callback use(self.stop_token(), [&] {
            self.report_step("stopping");
            (void)engine.find(self.id()).progress();
            (void)engine.find(self.id()).request_cancel();
            engine.find(self.id()).async_wait([](std::error_code) {});
            engine.post([](task_context&) {});
            listed.put(engine.tasks().size());
        });
        gate.hold_regardless();
    });
    REQUIRE(gate.reached());
    REQUIRE_FALSE(task.request_cancel());

    CHECK(listed.letters() == std::vector<std::size_t>{2});
    gate.open();
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.progress().step == "stopping");
}

TEST_CASE("a body may cancel its own task", "[cancel]")
{
    vmtask::engine engine({.workers = 1});
    const auto task = engine.post([&](task_context& self) {
        (void)engine.find(self.id()).request_cancel();
        self.checkpoint();
    });
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::cancelled);
}
