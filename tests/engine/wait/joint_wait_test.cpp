// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>
#include <vmtask/when_all.hpp>
#include <vmtask/when_any.hpp>

#include "support/catch.hpp"
#include "support/coroutine.hpp"
#include "support/counting_allocator.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"
#include "support/thrown.hpp"

#include <asio/bind_allocator.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <deque>
#include <future>
#include <list>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::code_thrown_by;
using test::patience;

namespace {

using codes = std::vector<std::error_code>;
using told = std::pair<std::error_code, std::size_t>;
const std::error_code given_up = asio::error::operation_aborted;

/// Tasks each of which is held at a gate of its own.
struct held_tasks {
    explicit held_tasks(std::size_t count) : gates(count), engine({.workers = count + 1})
    {
        for (auto& gate : gates) tasks.push_back(engine.post([&gate](task_context& self) { gate.hold(self); }));
        for (const auto& gate : gates) {
            if (!gate.reached()) throw std::runtime_error("the workers did not take the tasks");
        }
    }

    void end(std::size_t index)
    {
        gates[index].open();
        if (tasks[index].wait_for_completion(patience) != wait_status::completed) throw std::runtime_error("held");
    }

    std::deque<test::gate> gates;
    vmtask::engine engine;
    std::vector<task<>> tasks;
};

} // namespace

TEST_CASE("a wait for all ends with the last of them, whatever the order", "[when_all]")
{
    held_tasks held(3);
    test::mailbox<wait_status> heard;
    std::thread waiting([&] { heard.put(when_all(held.tasks).wait_for_completion()); });
    for (const std::size_t next : {1U, 2U}) {
        held.end(next);
        CHECK(when_all(held.tasks).wait_for_completion(1ms) == wait_status::timed_out);
        CHECK(heard.letters().empty());
    }
    held.end(0);
    waiting.join();
    CHECK(heard.letters() == std::vector{wait_status::completed});
    CHECK(when_all(held.tasks).wait_for_completion(0s) == wait_status::completed);
}

TEST_CASE("a wait for any ends with the first of them, and tells which", "[when_any]")
{
    held_tasks held(3);
    test::mailbox<std::pair<wait_status, std::size_t>> heard;
    std::thread waiting([&] {
        const first_to_end first = when_any(held.tasks).wait_for_completion();
        heard.put({first.status, first.index});
    });
    const first_to_end too_early = when_any(held.tasks).wait_for_completion(1ms);
    CHECK(too_early.status == wait_status::timed_out);
    CHECK(too_early.index == any_task::none);
    CHECK(heard.letters().empty());

    held.end(2);
    waiting.join();
    CHECK(heard.letters() == std::vector{std::pair(wait_status::completed, std::size_t{2})});
    held.end(1);
    const first_to_end now = when_any(held.tasks).wait_for_completion(0s);
    CHECK(now.status == wait_status::completed);
    CHECK(now.index == 1);
}

TEST_CASE("a joint wait that only looks says how things are", "[when_all][when_any]")
{
    held_tasks held(2);
    CHECK(when_all(held.tasks).wait_for_completion(0s) == wait_status::timed_out);
    CHECK(when_any(held.tasks).wait_for_completion(-1s).status == wait_status::timed_out);
    held.end(1);
    CHECK(when_all(held.tasks).wait_for_completion(0s) == wait_status::timed_out);
    CHECK(when_any(held.tasks).wait_for_completion(0s).index == 1);
}

TEST_CASE("tasks that failed or were cancelled have ended, too", "[when_all][when_any]")
{
    held_tasks held(1);
    const auto failed = held.engine.post([](task_context&) -> int { throw std::runtime_error("no"); });
    REQUIRE(failed.wait_for_completion(patience) == wait_status::completed);
    CHECK(when_any(held.tasks.front(), failed).wait_for_completion(patience).index == 1);
    CHECK_FALSE(held.tasks.front().request_cancel());
    CHECK(when_all(held.tasks.front(), failed).wait_for_completion(patience) == wait_status::completed);
    CHECK(held.tasks.front().state() == task_state::cancelled);
}

TEST_CASE("any range of handles will do, and handles of different types", "[when_all]")
{
    vmtask::engine engine({.workers = 1});
    const auto number = engine.post([](task_context&) { return 1; });
    const auto nothing = engine.post([](task_context&) {});
    const task_handle plain = nothing;
    std::list<task<int>> list(3, number);
    CHECK(when_all(number, nothing, plain).wait_for_completion(patience) == wait_status::completed);
    CHECK(when_all(list).wait_for_completion(patience) == wait_status::completed);
    CHECK(when_all(std::vector{plain, plain}).wait_for_completion(patience) == wait_status::completed);
    CHECK(when_any(plain, number).wait_for_completion(patience).status == wait_status::completed);
    CHECK(when_any(std::list{number}).wait_for_completion(patience).index == 0);
}

TEST_CASE("all of no tasks have ended, and none of them is the first", "[when_all][when_any]")
{
    const std::vector<task_handle> none;
    CHECK(when_all(none).wait_for_completion() == wait_status::completed);
    when_all(none).async_wait(asio::use_future).get();
    CHECK(code_thrown_by([&] { (void)when_any(none).wait_for_completion(); }) == errc::no_task);
    CHECK(code_thrown_by([&] { when_any(none).async_wait(asio::use_future).get(); }) == errc::no_task);
}

TEST_CASE("an empty handle among others is told", "[when_all][when_any]")
{
    held_tasks held(1);
    const all_tasks all = when_all(held.tasks.front(), task_handle());
    const any_task any = when_any(held.tasks.front(), task_handle());
    CHECK(code_thrown_by([&] { (void)all.wait_for_completion(); }) == errc::no_task);
    CHECK(code_thrown_by([&] { (void)any.wait_for_completion(0s); }) == errc::no_task);
    CHECK(code_thrown_by([&] { all.async_wait(asio::use_future).get(); }) == errc::no_task);
    CHECK(code_thrown_by([&] { any.async_wait_for(1h, asio::use_future).get(); }) == errc::no_task);
}

TEST_CASE("a hundred tasks are waited for as one", "[when_all][when_any]")
{
    vmtask::engine engine({.workers = 2});
    std::vector<task<>> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(engine.post([](task_context&) {}));
    CHECK(when_all(tasks).wait_for_completion(patience) == wait_status::completed);
    for (const auto& task : tasks) CHECK(task.is_complete());
}

TEST_CASE("the same task may be waited for several times over", "[when_all][when_any]")
{
    held_tasks held(1);
    const std::vector<task<>> thrice(3, held.tasks.front());
    CHECK(when_all(thrice).wait_for_completion(1ms) == wait_status::timed_out);
    CHECK(when_any(thrice).wait_for_completion(1ms).status == wait_status::timed_out);
    std::future<void> all = when_all(thrice).async_wait(asio::use_future);
    std::future<std::size_t> any = when_any(thrice).async_wait(asio::use_future);
    held.end(0);
    CHECK(all.wait_for(patience) == std::future_status::ready);
    CHECK(any.get() < 3);
}

TEST_CASE("tasks of several engines are waited for together", "[when_all][when_any]")
{
    held_tasks first(1);
    held_tasks second(1);
    std::future<void> all = when_all(first.tasks.front(), second.tasks.front()).async_wait(asio::use_future);
    std::future<std::size_t> any = when_any(first.tasks.front(), second.tasks.front()).async_wait(asio::use_future);
    second.end(0);
    CHECK(any.get() == 1);
    CHECK(all.wait_for(0s) == std::future_status::timeout);
    first.end(0);
    CHECK(all.wait_for(patience) == std::future_status::ready);
}

TEST_CASE("an engine may go while its tasks are waited for beside another's", "[when_all][gone]")
{
    test::mailbox<std::error_code> heard;
    held_tasks other(1);
    std::optional<held_tasks> gone(std::in_place, 1);
    const task_handle orphan = gone->tasks.front();
    // The first engine's event loop is where the handler belongs.
    const auto hear = [&](std::error_code error) { heard.put(error); };
    when_all(orphan, other.tasks.front()).async_wait(hear);
    when_all(orphan, other.tasks.front()).async_wait_for(1ms, hear);
    REQUIRE(heard.holds(1));
    std::thread waiting([&] {
        if (when_all(orphan, other.tasks.front()).wait_for_completion() == wait_status::completed) hear({});
    });
    gone.reset();

    CHECK(orphan.state() == task_state::cancelled);
    CHECK(heard.letters() == codes{errc::timed_out});
    CHECK(when_all(orphan, other.tasks.front()).wait_for_completion(1ms) == wait_status::timed_out);
    other.end(0);
    waiting.join();
    REQUIRE(heard.holds(3));
    CHECK(heard.letters() == codes{errc::timed_out, {}, {}});
}

TEST_CASE("the handler of a joint wait runs on the event loop, or where it is bound to", "[when_all][when_any]")
{
    held_tasks held(2);
    test::mailbox<bool> on_loop;
    asio::io_context caller;
    std::vector<told> own;
    const auto loop = held.engine.get_executor();
    const auto note_place = [&](std::error_code, auto...) { on_loop.put(loop.running_in_this_thread()); };
    when_all(held.tasks).async_wait(note_place);
    when_any(held.tasks).async_wait(note_place);
    when_any(held.tasks).async_wait(asio::bind_executor(loop, note_place));
    when_any(held.tasks).async_wait(asio::bind_executor(caller, [&](std::error_code error, std::size_t index) {
        own.emplace_back(error, index);
    }));
    held.end(1);
    REQUIRE(on_loop.holds(2));
    CHECK(own.empty());
    caller.run_for(patience);
    CHECK(own == std::vector{told({}, 1)});
    held.end(0);
    REQUIRE(on_loop.holds(3));
    CHECK(on_loop.letters() == std::vector<bool>(3, true));
}

TEST_CASE("an asynchronous joint wait never completes inside the call", "[when_all][when_any]")
{
    held_tasks held(2);
    held.end(0);
    asio::io_context caller;
    std::vector<told> heard;
    const auto hear = [&](std::error_code error, std::size_t index) { heard.emplace_back(error, index); };
    when_any(held.tasks).async_wait(asio::bind_executor(caller, hear));
    when_any(held.tasks[1], held.tasks[1]).async_wait_for(0s, asio::bind_executor(caller, hear));
    CHECK(heard.empty());
    caller.run_for(patience);
    CHECK(heard == std::vector{told({}, 0), told(errc::timed_out, any_task::none)});
}

TEST_CASE("a joint wait with a time-out is told so, once", "[when_all][when_any]")
{
    held_tasks held(3);
    asio::io_context caller;
    codes heard;
    const auto hear = [&](std::error_code error, auto...) { heard.push_back(error); };
    when_all(held.tasks).async_wait_for(1ms, asio::bind_executor(caller, hear));
    when_any(held.tasks).async_wait_for(1ms, asio::bind_executor(caller, hear));
    held.end(1); // before or after the time-out of the second
    caller.run_for(patience);
    REQUIRE(heard.size() == 2);
    CHECK(std::count(heard.begin(), heard.end(), errc::timed_out) >= 1);
    held.end(0);
    held.end(2);
    caller.restart();
    CHECK(caller.poll() == 0);
}

TEST_CASE("giving up a joint wait leaves the tasks alone and nothing behind", "[when_all][when_any][give_up]")
{
    test::allocation_count count;
    held_tasks held(3);
    held.end(1);
    asio::io_context caller;
    asio::cancellation_signal first;
    asio::cancellation_signal second;
    codes heard;
    const auto handler = [&](asio::cancellation_signal& signal) {
        const auto note = [&](std::error_code error, auto...) { heard.push_back(error); };
        const auto bound = asio::bind_executor(caller, note);
        return asio::bind_cancellation_slot(signal.slot(),
                                            asio::bind_allocator(test::counting_allocator<void>(count), bound));
    };
    when_all(held.tasks).async_wait(handler(first));
    when_any(held.tasks[0], held.tasks[2]).async_wait_for(1h, handler(second));
    CHECK(count.made == 2);
    first.emit(asio::cancellation_type::terminal);
    second.emit(asio::cancellation_type::total);
    CHECK(heard.empty());
    caller.run_for(patience);

    CHECK(heard == codes{given_up, given_up});
    CHECK(count.live == 0);
    CHECK(held.tasks[0].state() == task_state::running);
    first.emit(asio::cancellation_type::all);
    held.end(0);
    held.end(2);
    caller.restart();
    CHECK(caller.poll() == 0);
}

TEST_CASE("a signal after a joint wait has ended finds nothing", "[when_all][give_up]")
{
    held_tasks held(2);
    asio::io_context caller;
    asio::cancellation_signal signal;
    auto short_lived = std::make_unique<asio::cancellation_signal>();
    codes heard;
    const auto hear = asio::bind_executor(caller, [&](std::error_code error) { heard.push_back(error); });
    when_all(held.tasks).async_wait(asio::bind_cancellation_slot(signal.slot(), hear));
    when_all(held.tasks).async_wait(asio::bind_cancellation_slot(short_lived->slot(), hear));
    short_lived.reset(); // which gives up nothing
    held.end(0);
    held.end(1);
    caller.run_for(patience);
    signal.emit(asio::cancellation_type::all);
    caller.restart();
    CHECK(caller.poll() == 0);
    CHECK(heard == codes(2));
}

TEST_CASE("a coroutine awaits tasks jointly", "[when_all][when_any]")
{
    vmtask::engine engine({.workers = 2});
    const auto one = engine.post([](task_context&) { return 1; });
    const auto two = engine.post([](task_context&) { return 2; });
    const auto await_both = [&]() -> asio::awaitable<int> {
        const std::size_t first = co_await when_any(one, two).async_wait(asio::use_awaitable);
        co_await when_all(one, two).async_wait(asio::use_awaitable);
        co_return first > 1 ? -1 : one.result() + two.result();
    };
    CHECK(test::run_here(await_both()) == 3);
}

TEST_CASE("a task on the only worker may wait for all that it posts", "[when_all][when_any][spare]")
{
    vmtask::engine engine({.workers = 1, .spare_workers = 1});
    const auto outer = engine.post([&](task_context&) {
        std::vector<task<int>> parts;
        for (int i = 0; i < 20; ++i) parts.push_back(engine.post([i](task_context&) { return i; }));
        const first_to_end first = when_any(parts).wait_for_completion();
        if (first.status != wait_status::completed) return -1;
        if (when_all(parts).wait_for_completion() != wait_status::completed) return -2;
        return static_cast<int>(parts.size());
    });
    REQUIRE(outer.wait_for_completion(patience) == wait_status::completed);
    CHECK(outer.result() == 20);
}

TEST_CASE("a wait for all is refused when one could never end, a wait for any when none could", "[deadlock]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 2});
    const task_handle other = engine.post([&](task_context& self) { gate.hold(self); });
    const auto task = engine.post([&](task_context& self) {
        const task_handle own = engine.find(self.id());
        std::vector<wait_status> outcomes;
        outcomes.push_back(when_all(other, own).wait_for_completion());
        outcomes.push_back(when_all(other, own).wait_for_completion(1h));
        outcomes.push_back(when_any(own, own).wait_for_completion().status);
        outcomes.push_back(when_any(own, other).wait_for_completion(1ms).status);
        return outcomes;
    });
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    gate.open();
    const auto refused = wait_status::would_deadlock;
    CHECK(task.result() == std::vector{refused, refused, refused, wait_status::timed_out});
}

TEST_CASE("of a ring of waits for all one is told, and all end", "[deadlock]")
{
    constexpr std::size_t size = 5;
    test::gate gate;
    std::vector<task_handle> ring(size);
    vmtask::engine engine({.workers = GENERATE(1U, 4U)});
    std::vector<task<wait_status>> tasks;
    const task_handle leaf = engine.post([&](task_context&) -> asio::awaitable<void> { co_return; });
    for (std::size_t i = 0; i < size; ++i) {
        tasks.push_back(engine.post([&, i](task_context&) {
            gate.hold_regardless();
            return when_all(leaf, ring[(i + 1) % size], ring[(i + 2) % size]).wait_for_completion();
        }));
    }
    std::copy(tasks.begin(), tasks.end(), ring.begin());
    gate.open();
    REQUIRE(when_all(tasks).wait_for_completion(patience) == wait_status::completed);
    const auto refused = std::count_if(tasks.begin(), tasks.end(),
                                       [](auto& task) { return task.result() == wait_status::would_deadlock; });
    CHECK(refused >= 1);
}

TEST_CASE("a ring of waits for any is none while one member has another way out", "[deadlock]")
{
    test::gate gate;
    test::gate begin;
    std::vector<task_handle> ring(2);
    vmtask::engine engine({.workers = 3});
    const task_handle outside = engine.post([&](task_context& self) { gate.hold(self); });
    std::vector<task<wait_status>> tasks;
    tasks.push_back(engine.post([&](task_context&) {
        begin.hold_regardless();
        return when_any(ring[1], outside).wait_for_completion().status;
    }));
    tasks.push_back(engine.post([&](task_context&) {
        begin.hold_regardless();
        return when_all(ring[0]).wait_for_completion();
    }));
    std::copy(tasks.begin(), tasks.end(), ring.begin());
    begin.open();
    // Both must be inside their waits, which nothing but their threads shows;
    // opened too early the outcome is the same, so this cannot fail by chance.
    (void)when_any(ring).wait_for_completion(20ms);
    // For this one it takes a second look at the ring to see that it can end.
    tasks.push_back(engine.post([&](task_context&) { return when_all(ring).wait_for_completion(); }));
    (void)tasks.back().wait_for_completion(20ms);
    gate.open();
    REQUIRE(when_all(tasks).wait_for_completion(patience) == wait_status::completed);
    for (const auto& task : tasks) CHECK(task.result() == wait_status::completed);
}
