// SPDX-License-Identifier: BSL-1.0
//
// Coroutines whose promise types know nothing of Asio.

#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"
#include "support/thrown.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/system_executor.hpp>
#include <asio/use_future.hpp>

#include <atomic>
#include <coroutine>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::code_thrown_by;
using test::patience;

namespace {

/// A coroutine that its owner destroys, and that is otherwise left alone.
class owned_coroutine {
public:
    struct promise_type {
        owned_coroutine get_return_object()
        {
            return owned_coroutine(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { failure = std::current_exception(); }

        std::exception_ptr failure;
    };

    explicit owned_coroutine(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
    owned_coroutine(owned_coroutine&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    owned_coroutine& operator=(owned_coroutine&&) = delete;
    ~owned_coroutine()
    {
        if (handle_) handle_.destroy();
    }

    [[nodiscard]] bool done() const { return handle_.done(); }
    [[nodiscard]] std::exception_ptr failure() const { return handle_.promise().failure; }

private:
    std::coroutine_handle<promise_type> handle_;
};

/// Notes in `trace` how far it came, and in `live` whether its frame is there.
template <class Executor>
owned_coroutine note_completion(task_handle task, Executor executor, std::string& trace, std::shared_ptr<int> live)
{
    trace += "begun ";
    co_await task.resume_on(executor);
    trace += task.is_complete() && live ? "completed " : "lied ";
}

template <class T, class Executor>
owned_coroutine fetch(task<T> task, Executor executor, T& into)
{
    into = co_await task.result_on(executor);
}

template <class Executor>
owned_coroutine expect_success(task_handle task, Executor executor, int& completed)
{
    co_await task.result_on(executor);
    ++completed;
}

/// Several awaiters in one expression, each with a temporary executor.
owned_coroutine join(task<std::string> left, task<std::string> right, asio::any_io_executor executor, std::string& into)
{
    into = co_await left.result_on(asio::any_io_executor(executor)) + co_await right.result_on(executor);
}

/// A coroutine that looks after itself.
struct detached_coroutine {
    struct promise_type {
        detached_coroutine get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
};

template <class Executor>
detached_coroutine count_end(task_handle task, Executor executor, std::atomic<int>& ends)
{
    co_await task.resume_on(executor);
    ++ends;
}

task<> post_held(engine& engine, test::gate& gate)
{
    return engine.post([&gate](task_context& self) { gate.hold(self); });
}

void require_end(const task_handle& task)
{
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
}

} // namespace

TEST_CASE("a coroutine of any kind is resumed on the executor that it names", "[foreign]")
{
    test::gate gate;
    asio::io_context caller;
    std::string trace;
    vmtask::engine engine({.workers = 1});
    const task<> task = post_held(engine, gate);
    const auto coroutine = note_completion(task, caller.get_executor(), trace, std::make_shared<int>());
    CHECK(trace == "begun ");
    gate.open();
    require_end(task);
    CHECK(trace == "begun ");
    caller.run_for(patience);
    CHECK(trace == "begun completed ");
    CHECK(coroutine.done());
}

TEST_CASE("a coroutine that awaits what has ended is resumed no less on its executor", "[foreign]")
{
    asio::io_context caller;
    std::string trace;
    vmtask::engine engine({.workers = 1});
    const task<> task = engine.post([](task_context&) {});
    require_end(task);
    const auto strand = asio::make_strand(caller);
    const auto coroutine = note_completion(task, strand, trace, std::make_shared<int>());
    CHECK(trace == "begun ");
    caller.run_for(patience);
    CHECK(trace == "begun completed ");
}

TEST_CASE("a coroutine fetches a result, or gets the exception", "[foreign]")
{
    asio::io_context caller;
    const asio::any_io_executor executor = caller.get_executor();
    vmtask::engine engine({.workers = 1});
    const auto text = engine.post([](task_context&) { return std::string(100, 'x'); });
    const auto owner = engine.post([](task_context&) { return std::make_unique<int>(7); });
    const auto failed = engine.post([](task_context&) { throw std::runtime_error("no"); });
    const auto fine = engine.post([](task_context&) {});
    std::string copied;
    std::unique_ptr<int> taken;
    int completed = 0;
    std::vector<owned_coroutine> coroutines;
    coroutines.push_back(fetch(text, executor, copied));
    coroutines.push_back(fetch(owner, executor, taken));
    coroutines.push_back(expect_success(fine, executor, completed));
    coroutines.push_back(expect_success(failed, executor, completed));
    caller.run_for(patience);

    CHECK(copied == std::string(100, 'x'));
    CHECK(text.result() == copied);
    REQUIRE(taken);
    CHECK(*taken == 7);
    CHECK(completed == 1);
    CHECK_FALSE(coroutines[2].failure());
    CHECK_THROWS_AS(std::rethrow_exception(coroutines[3].failure()), std::runtime_error);
}

TEST_CASE("one expression may await several tasks", "[foreign]")
{
    asio::io_context caller;
    std::string joined;
    vmtask::engine engine({.workers = 1});
    const auto left = engine.post([](task_context&) { return std::string(50, 'l'); });
    const auto right = engine.post([](task_context&) { return std::string(50, 'r'); });
    const auto coroutine = join(left, right, caller.get_executor(), joined);
    caller.run_for(patience);
    CHECK(coroutine.done());
    CHECK(joined == std::string(50, 'l') + std::string(50, 'r'));
}

TEST_CASE("a coroutine destroyed while it is suspended gives up its wait", "[foreign][give_up]")
{
    test::gate gate;
    asio::io_context caller;
    std::string trace;
    vmtask::engine engine({.workers = 1});
    const task<> task = post_held(engine, gate);
    std::weak_ptr<int> frame;
    {
        const auto live = std::make_shared<int>();
        frame = live;
        const auto coroutine = note_completion(task, caller.get_executor(), trace, live);
    }
    CHECK(frame.expired());
    // Nothing is left that would keep the caller's context running.
    CHECK(caller.run_for(patience) == 0);
    CHECK(caller.stopped());
    CHECK_FALSE(task.is_complete());
    gate.open();
    require_end(task);
    caller.restart();
    CHECK(caller.poll() == 0);
    CHECK(trace == "begun ");
}

TEST_CASE("a coroutine destroyed with its resumption already posted is not resumed", "[foreign][give_up]")
{
    test::gate gate;
    asio::io_context caller;
    std::string trace;
    vmtask::engine engine({.workers = 1});
    const task<> task = post_held(engine, gate);
    {
        const auto coroutine = note_completion(task, caller.get_executor(), trace, std::make_shared<int>());
        gate.open();
        require_end(task);
    }
    caller.run_for(patience);
    CHECK(trace == "begun ");
}

TEST_CASE("a coroutine whose executor is gone is destroyed by its owner alone", "[foreign]")
{
    test::gate gate;
    std::string trace;
    vmtask::engine engine({.workers = 1});
    const task<> task = post_held(engine, gate);
    std::optional<asio::io_context> caller(std::in_place);
    {
        const auto coroutine = note_completion(task, caller->get_executor(), trace, std::make_shared<int>());
        // Told after the coroutine's wait, as it was begun after it.
        std::future<void> told = task.async_wait(asio::use_future);
        gate.open();
        REQUIRE(told.wait_for(patience) == std::future_status::ready);
        caller.reset();
    }
    CHECK(trace == "begun ");
}

TEST_CASE("a coroutine may be resumed on the event loop, even of an engine that is gone", "[foreign][gone]")
{
    std::atomic<int> ends{0};
    test::gate gate;
    std::optional<vmtask::engine> engine(engine_options{.workers = 1});
    const auto loop = engine->get_executor();
    const task<> task = post_held(*engine, gate);
    count_end(task, loop, ends);
    count_end(task, engine->get_worker_executor(), ends);
    gate.open();
    CHECK(test::eventually([&] { return ends == 2; }));
    engine.reset();
    count_end(task, loop, ends);
    CHECK(test::eventually([&] { return ends == 3; }));
}

TEST_CASE("awaiting by an empty handle throws at once", "[foreign]")
{
    const asio::system_executor executor;
    CHECK(code_thrown_by([&] { (void)task_handle().resume_on(executor); }) == errc::no_task);
    CHECK(code_thrown_by([&] { (void)task<int>().result_on(executor); }) == errc::no_task);
}

TEST_CASE("coroutines that race with the ends of their tasks are resumed once each", "[foreign][race]")
{
    constexpr int count = 2000;
    std::atomic<int> ends{0};
    vmtask::engine engine({.workers = 2});
    for (int i = 0; i < count; ++i) {
        const task<> task = engine.post([](task_context&) {});
        count_end(task, asio::system_executor(), ends);
    }
    CHECK(test::eventually([&] { return ends == count; }));
}
