// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "run/queue_limit.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <asio/post.hpp>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>

using namespace vmtask;
using test::patience;

namespace {

int seven(task_context&)
{
    return 7;
}

struct once_only {
    std::unique_ptr<int> value;
    int operator()(task_context&) { return *value; }
};

/// Refuses to be moved into a task.
struct unwilling {
    unwilling() = default;
    unwilling(const unwilling&) = delete;
    unwilling& operator=(const unwilling&) = delete;
    unwilling(unwilling&&) { throw std::length_error("will not move"); }
    void operator()(task_context&) const {}
};

template <class Body>
constexpr bool can_be_posted = requires(engine& where, Body&& body)
{
    where.post(std::forward<Body>(body));
};

// A body that can only be moved has to be moved in. The constraint says so, not a
// page of errors from inside.
static_assert(task_body<once_only> && can_be_posted<once_only>);
static_assert(!task_body<once_only&> && !can_be_posted<once_only&>);
static_assert(!task_body<const once_only&> && !task_body<const once_only>);
static_assert(task_body<decltype(seven)&> && task_body<std::function<int(task_context&)>&>);
static_assert(!task_body<int> && !task_body<int (*)()>);

} // namespace

TEST_CASE("the queue is full when too many are in it, and not when a task is overtaken", "[post]")
{
    using vmtask::detail::is_over_limit;
    CHECK_FALSE(is_over_limit(10, 0, 10));
    CHECK(is_over_limit(11, 0, 10));
    CHECK_FALSE(is_over_limit(11, 1, 10));
    CHECK_FALSE(is_over_limit(5, 5, 10));
    CHECK_FALSE(is_over_limit(5, 1000, 10));
    CHECK_FALSE(is_over_limit(~0ULL, 0, ~0ULL));
}

TEST_CASE("the value that a body returns is the result of its task", "[post]")
{
    vmtask::engine engine;
    const task<int> task = engine.post([](task_context&) { return 42; });

    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.state() == task_state::succeeded);
    CHECK(task.is_complete());
    CHECK(task.error() == std::error_code());
    CHECK(task.exception() == nullptr);
    CHECK(task.result() == 42);
}

TEST_CASE("every body runs exactly once", "[post]")
{
    std::array<std::atomic<int>, 1000> runs{};
    std::vector<task<>> tasks;
    vmtask::engine engine({.workers = 3});
    for (auto& run : runs) tasks.push_back(engine.post([&run](task_context&) { ++run; }));

    for (const auto& task : tasks) REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    for (const auto& run : runs) CHECK(run == 1);
}

TEST_CASE("as many bodies run at once as there are workers, and no more", "[post]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 3});
    const auto held = test::occupy_workers(engine, gate, 3);
    const task<> fourth = engine.post([](task_context&) {});

    CHECK(held.back().state() == task_state::running);
    CHECK(fourth.wait_for_completion(std::chrono::milliseconds(20)) == wait_status::timed_out);
    CHECK(fourth.state() == task_state::queued);
    gate.open();
    CHECK(fourth.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("a blocking body runs neither on the caller's thread nor on the event loop", "[post]")
{
    test::mailbox<std::thread::id> loop;
    test::mailbox<std::thread::id> worker;
    vmtask::engine engine({.workers = 1});
    asio::post(engine.get_executor(), [&] { loop.put(std::this_thread::get_id()); });
    const task<> task = engine.post([&](task_context&) { worker.put(std::this_thread::get_id()); });

    REQUIRE(loop.holds(1));
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(worker.letters().front() != std::this_thread::get_id());
    CHECK(worker.letters().front() != loop.letters().front());
}

TEST_CASE("ids are never 0, and higher for tasks posted later", "[post]")
{
    vmtask::engine engine;
    std::uint64_t last = 0;
    for (int i = 0; i < 50; ++i) {
        const task_handle blocking = engine.post([](task_context&) {});
        const task_handle coroutine = engine.post([](task_context&) -> asio::awaitable<void> { co_return; });
        CHECK(blocking.id() > last);
        CHECK(coroutine.id() > blocking.id());
        last = coroutine.id();
    }
}

TEST_CASE("the body's context has the handle's id", "[post]")
{
    vmtask::engine engine;
    const auto task = engine.post([](task_context& self) { return self.id(); });

    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.result() == task.id());
}

TEST_CASE("a task keeps its description", "[post]")
{
    vmtask::engine engine;
    const task<> task = engine.post([](task_context&) {}, {.description = "compact disk 1"});
    const task_handle plain = engine.post([](task_context&) {});

    CHECK(task.description() == "compact disk 1");
    CHECK(plain.description().empty());
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.description() == "compact disk 1");
}

TEST_CASE("any kind of callable can be posted", "[post]")
{
    vmtask::engine engine;
    const task<int> from_function = engine.post(seven);
    const task<int> from_pointer = engine.post(&seven);
    const task<int> from_std_function = engine.post(std::function<int(task_context&)>(seven));
    const task<int> from_move_only = engine.post(once_only{std::make_unique<int>(7)});
    const task<int> from_mutable = engine.post([i = 6](task_context&) mutable { return ++i; });
    const task<int> from_lambda = engine.post([i = std::make_unique<int>(7)](task_context&) { return *i; });

    for (const auto& task :
         {from_function, from_pointer, from_std_function, from_move_only, from_mutable, from_lambda}) {
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
        CHECK(task.result() == 7);
    }
}

TEST_CASE("a body posted as an lvalue is copied and stays the caller's", "[post]")
{
    vmtask::engine engine;
    const auto value = std::make_shared<int>(7);
    const auto body = [value](task_context&) { return *value; };
    const task<int> first = engine.post(body);
    const task<int> second = engine.post(body);

    REQUIRE(first.wait_for_completion(patience) == wait_status::completed);
    REQUIRE(second.wait_for_completion(patience) == wait_status::completed);
    CHECK(first.result() + second.result() == 14);
    CHECK(value.use_count() == 2);
}

TEST_CASE("a body that throws when moved makes no task and leaves its place to others", "[post]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1, .queue_limit = 1});
    const auto held = test::occupy_workers(engine, gate, 1);

    for (int i = 0; i < 3; ++i) CHECK_THROWS_AS(engine.post(unwilling()), std::length_error);
    CHECK(engine.tasks().size() == 1);
    CHECK_NOTHROW(engine.post([](task_context&) {}));
    gate.open();
}

TEST_CASE("a body may post further tasks", "[post]")
{
    vmtask::engine engine({.workers = 1});
    const auto outer = engine.post([&](task_context&) { return engine.post(seven); });

    REQUIRE(outer.wait_for_completion(patience) == wait_status::completed);
    const task<int> inner = outer.result();
    REQUIRE(inner.wait_for_completion(patience) == wait_status::completed);
    CHECK(inner.result() == 7);
}

TEST_CASE("dropping the last handle does not stop the task", "[post]")
{
    test::gate gate;
    test::mailbox<bool> ended;
    vmtask::engine engine({.workers = 1});
    engine.post([&](task_context& self) {
        gate.hold(self);
        ended.put(self.stop_requested());
    });

    gate.open();
    REQUIRE(ended.holds(1));
    CHECK_FALSE(ended.letters().front());
}

TEST_CASE("copies of a handle refer to the same task", "[post]")
{
    vmtask::engine engine;
    const task<int> one = engine.post(seven);
    const task<int> other = engine.post(seven);
    const task_handle copy = one;
    const task_handle empty;

    CHECK(copy == one);
    CHECK_FALSE(copy == other);
    CHECK_FALSE(copy == empty);
    CHECK(empty == task_handle());
    CHECK(static_cast<bool>(copy));
    CHECK_FALSE(static_cast<bool>(empty));
    STATIC_REQUIRE(std::is_convertible_v<task<int>, task_handle>);
    STATIC_REQUIRE(sizeof(task<int>) == sizeof(void*));
}

TEST_CASE("handlers on the worker executor get their turn among endless tasks", "[post]")
{
    std::atomic<bool> had_its_turn{false};
    std::atomic<bool> gave_up{false};
    vmtask::engine engine({.workers = 1, .retain = {.count = 0}});
    std::function<void(task_context&)> again = [&](task_context&) {
        if (!had_its_turn && !gave_up) engine.post(again);
    };
    for (int i = 0; i < 100; ++i) engine.post(again);

    asio::post(engine.get_worker_executor(), [&] { had_its_turn = true; });

    CHECK(test::eventually([&] { return had_its_turn.load(); }));
    gave_up = true;
    CHECK(engine.shutdown(shutdown_mode::drain, patience).complete());
}

TEST_CASE("an engine with default options runs tasks, and so does one asked for no threads", "[post]")
{
    vmtask::engine engine({.workers = 0, .event_loop_threads = 0});
    const task<> blocking = engine.post([](task_context&) {});
    const task<> coroutine = engine.post([](task_context&) -> asio::awaitable<void> { co_return; });

    CHECK(blocking.wait_for_completion(patience) == wait_status::completed);
    CHECK(coroutine.wait_for_completion(patience) == wait_status::completed);
}
