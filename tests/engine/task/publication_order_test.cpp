// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <asio/bind_executor.hpp>
#include <asio/system_executor.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;

namespace {

/// Something open that takes its time to close.
class slow_file {
public:
    explicit slow_file(test::gate& closing) noexcept : closing_(&closing) {}
    slow_file(slow_file&& other) noexcept : closing_(std::exchange(other.closing_, nullptr)) {}
    slow_file& operator=(slow_file&&) = delete;
    ~slow_file()
    {
        if (closing_) closing_->hold_regardless();
    }

private:
    test::gate* closing_;
};

/// While the body's file is being closed nobody sees the end, in any way.
void check_not_ended(const task_handle& task, const std::atomic<bool>& async_told)
{
    CHECK(task.wait_for_completion(10ms) == wait_status::timed_out);
    CHECK_FALSE(task.is_complete());
    CHECK_FALSE(is_terminal(task.state()));
    CHECK(task.error() == errc::not_ended);
    CHECK(task.percent_completed() < 100);
    CHECK_FALSE(async_told);
}

void check_order(const task_handle& task, test::gate& closing, task_state expected)
{
    const auto async_told = std::make_shared<std::atomic<bool>>(false);
    task.async_wait(
        asio::bind_executor(asio::system_executor(), [async_told](std::error_code) { *async_told = true; }));
    REQUIRE(closing.reached());
    check_not_ended(task, *async_told);

    closing.open();
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == expected);
    CHECK(test::eventually([&] { return async_told->load(); }));
}

} // namespace

TEST_CASE("what a body holds is closed before anybody sees the end", "[order]")
{
    test::gate closing;
    vmtask::engine engine({.workers = 1});

    SECTION("when it succeeded")
    {
        const auto task = engine.post([file = slow_file(closing)](task_context&) {});
        check_order(task, closing, task_state::succeeded);
    }
    SECTION("when it failed")
    {
        const auto task = engine.post([file = slow_file(closing)](task_context&) { throw std::runtime_error("no"); });
        check_order(task, closing, task_state::failed);
    }
    SECTION("when it was a local variable")
    {
        const auto task = engine.post([&](task_context&) { const slow_file file(closing); });
        check_order(task, closing, task_state::succeeded);
    }
    SECTION("when it belonged to a coroutine body")
    {
        const auto task =
            engine.post([file = slow_file(closing)](task_context&) -> asio::awaitable<void> { co_return; });
        check_order(task, closing, task_state::succeeded);
    }
    SECTION("when it was a local variable of a coroutine body")
    {
        const auto task = engine.post([&](task_context&) -> asio::awaitable<int> {
            const slow_file file(closing);
            co_return 1;
        });
        check_order(task, closing, task_state::succeeded);
    }
}

TEST_CASE("what a cancelled queued body holds is closed before anybody sees the end", "[order][cancel]")
{
    test::gate gate;
    test::gate closing;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto task = engine.post([file = slow_file(closing)](task_context&) {});
    std::thread canceller([&] { (void)task.request_cancel(); });

    check_order(task, closing, task_state::cancelled);
    canceller.join();
    gate.open();
}

TEST_CASE("a second cancel of a task that is being cancelled returns though its body is still closing",
          "[order][cancel]")
{
    test::gate gate;
    test::gate closing;
    vmtask::engine engine({.workers = 1});
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto task = engine.post([file = slow_file(closing)](task_context&) {});
    std::thread canceller([&] { (void)task.request_cancel(); });
    REQUIRE(closing.reached());

    CHECK(task.request_cancel() == std::error_code());
    CHECK(task.cancel_requested());
    gate.open();
    CHECK(engine.find(task.id()) == task);
    closing.open();
    canceller.join();
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::cancelled);
}

TEST_CASE("a body's destructor may use the engine", "[order]")
{
    test::gate gate;
    test::mailbox<std::size_t> listed;
    vmtask::engine engine({.workers = 1});
    const auto use_engine = [&](int*) {
        const task_handle other = engine.post([](task_context&) {});
        (void)engine.find(other.id()).request_cancel();
        listed.put(engine.tasks().size());
    };
    const auto guarded = [&] {
        return engine.post([guard = std::shared_ptr<int>(nullptr, use_engine)](task_context&) {});
    };
    REQUIRE(guarded().wait_for_completion(patience) == wait_status::completed);
    const auto held = test::occupy_workers(engine, gate, 1);
    REQUIRE_FALSE(guarded().request_cancel());

    CHECK(listed.holds(2));
    gate.open();
}

TEST_CASE("a result's destructor may use the engine", "[order]")
{
    std::atomic<bool> engine_is_there{true};
    test::mailbox<std::size_t> listed;
    vmtask::engine engine({.workers = 1, .retain = {.count = 2}});
    const auto use_engine = [&](int*) {
        if (engine_is_there) listed.put(engine.tasks().size());
    };
    for (int i = 0; i < 20; ++i) {
        const auto task = engine.post([&](task_context&) { return std::shared_ptr<int>(nullptr, use_engine); });
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    }
    CHECK(listed.holds(16));
    engine_is_there = false;
}

TEST_CASE("a handler's destructor may use the engine", "[order]")
{
    test::mailbox<std::size_t> listed;
    vmtask::engine engine({.workers = 1});
    const task<> task = engine.post([](task_context&) {});
    for (int i = 0; i < 20; ++i) {
        task.async_wait([guard = std::shared_ptr<int>(nullptr, [&](int*) { listed.put(engine.tasks().size()); })](
                            std::error_code) {});
    }
    CHECK(listed.holds(20));
}

TEST_CASE("a result's slow destructor does not make time-outs late", "[order][timeout]")
{
    test::gate closing;
    test::gate gate;
    test::gate posted; // until nobody has a handle, so that it is the engine that lets go of the result
    vmtask::engine engine({.workers = 2, .retain = {.age = 1ms}});
    const auto held = test::occupy_workers(engine, gate, 1);
    engine.post([&](task_context& self) {
        posted.hold(self);
        return std::make_unique<slow_file>(closing);
    });
    posted.open();
    REQUIRE(closing.reached());

    CHECK(held.front().wait_for_completion(1ms) == wait_status::timed_out);
    CHECK(closing.still_holding());
    closing.open();
    gate.open();
}
