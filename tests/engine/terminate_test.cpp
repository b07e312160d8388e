// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include <vmtask/task_source.hpp>
#include <vmtask/when_all.hpp>
#include <vmtask/when_any.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/patience.hpp"
#include "support/sanitized.hpp"
#include "support/thrown.hpp"

#include <asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using namespace vmtask;

/// What a child leaves to its parent is no leak.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options()
{
    return "detect_leaks=0";
}

namespace {

constexpr int status_of_terminate = 42;
constexpr int status_of_exit = 43;

/// How a child ended: its exit status, or minus one when that was not by itself.
int status_of(pid_t child)
{
    int status = 0;
    if (::waitpid(child, &status, 0) != child) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Forks; the child does `work` and goes by `leave`, with what that returned. One
/// that hangs is killed by its alarm.
template <class Work, class Leave>
int status_of_child(Work work, Leave leave)
{
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child != 0) return status_of(child);
    ::alarm(static_cast<unsigned>(test::patience.count()));
    leave(work());
    ::_exit(99);
}

/// An engine with everything that can be in the way of an exit.
struct busy_engine {
    test::gate gate;
    vmtask::engine engine{{.workers = 2, .events = {.kept = 100}}};
    event_subscription events = engine.subscribe();
    task<int> ended = engine.post([](task_context&) { return 7; });
    task_handle running = engine.post([this](task_context& self) { gate.hold(self); });
    task_handle queued = engine.post([](task_context&) {}, {.after = {running}});
    task_source<> source{engine};
};

/// What is said of the child in the contract of vmtask::engine; 0 when all is so.
int number_of_first_lie(busy_engine& it)
{
    const auto post = [&](task_options options) {
        return test::code_thrown_by([&] { it.engine.post([](task_context&) {}, std::move(options)); });
    };
    const std::vector<task_handle> all{it.ended, it.running};
    const wait_status refused = wait_status::would_deadlock;
    const std::vector<bool> truths{
        it.ended.wait_for_completion() == wait_status::completed,
        it.ended.result() == 7,
        it.running.wait_for_completion() == refused,
        it.queued.wait_for_completion(std::chrono::hours(1)) == refused,
        it.source.handle().wait_for_completion() == refused,
        it.running.wait_for_completion(std::chrono::seconds(0)) == wait_status::timed_out,
        when_all(all).wait_for_completion() == refused,
        when_any(all).wait_for_completion().status == wait_status::completed,
        when_any(it.running, it.queued).wait_for_completion(std::chrono::hours(1)).status == refused,
        post({}) == errc::shutting_down,
        post({.parent = it.running}) == errc::shutting_down,
        test::code_thrown_by([&] { it.engine.shutdown(shutdown_mode::drain); }) == errc::would_deadlock,
    };
    const auto lie = std::find(truths.begin(), truths.end(), false);
    return lie == truths.end() ? 0 : static_cast<int>(lie - truths.begin()) + 1;
}

/// Has a handler throw in an engine that nobody told what to do about it. In a
/// process of its own, forked while there are no other threads.
[[noreturn]] void let_a_handler_throw()
{
    std::set_terminate([] { ::_exit(status_of_terminate); });
    vmtask::engine engine({.workers = 1});
    asio::post(engine.get_executor(), [] { throw std::runtime_error("escapes"); });
    std::this_thread::sleep_for(test::patience);
    ::_exit(EXIT_SUCCESS);
}

/// Has a body end the program while the engine is a static object. In a process
/// of its own, as above; the alarm ends it when it hangs.
[[noreturn]] void exit_in_a_body()
{
    ::alarm(static_cast<unsigned>(test::patience.count()));
    static vmtask::engine engine({.workers = 2});
    (void)engine.post([](task_context&) { std::exit(status_of_exit); });
    for (;;) ::pause();
}

/// How the child process ends that does only this; -1 when a signal ended it.
int exit_status_of(void (*work)())
{
    const pid_t child = ::fork();
    if (child == 0) {
        work();
        ::_exit(EXIT_SUCCESS);
    }
    int status = 0;
    if (::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status);
}

} // namespace

TEST_CASE("an exception that escapes a handler, with nobody to be told, ends the program", "[handler_exception]")
{
    CHECK(exit_status_of(&let_a_handler_throw) == status_of_terminate);
}

TEST_CASE("exit() in a body ends the program though the engine is a static object", "[end]")
{
    CHECK(exit_status_of(&exit_in_a_body) == status_of_exit);
}

TEST_CASE("in a forked child nothing runs, nothing hangs, and it is said", "[fork]")
{
    busy_engine it;
    REQUIRE(it.gate.reached());
    REQUIRE(it.ended.wait_for_completion(test::patience) == wait_status::completed);
    CHECK(status_of_child([&] { return number_of_first_lie(it); }, ::_exit) == 0);
    it.gate.open();
}

TEST_CASE("a forked child destroys an engine that is on its stack, and the parent's goes on", "[fork]")
{
    auto it = std::make_unique<busy_engine>();
    REQUIRE(it->gate.reached());
    const auto destroy = [&] {
        it.reset();
        return 5;
    };
    CHECK(status_of_child(destroy, ::_exit) == 5);

    it->gate.open();
    CHECK(it->queued.wait_for_completion(test::patience) == wait_status::completed);
    CHECK(it->engine.post([](task_context&) {}).wait_for_completion(test::patience) == wait_status::completed);
}

TEST_CASE("a forked child leaves by exit with an engine that is static", "[fork]")
{
    static busy_engine it;
    static const task<int> also_held = it.ended;
    REQUIRE(it.gate.reached());
    CHECK(status_of_child([] { return 6; }, std::exit) == 6);
    it.gate.open();
}

TEST_CASE("a forked child may leave while others post and wait", "[fork]")
{
    if (test::is_sanitized) return; // whose heap may be locked in the child
    std::atomic<bool> over{false};
    vmtask::engine engine({.workers = 2});
    std::thread busy([&] {
        while (!over)
            if (engine.post([](task_context&) { return std::string(100, 'x'); }).wait_for_completion(test::patience)
                != wait_status::completed)
                return;
    });
    std::vector<int> statuses;
    for (int i = 0; i < 50; ++i) statuses.push_back(status_of_child([] { return 3; }, std::exit));
    over = true;
    busy.join();
    CHECK(statuses == std::vector<int>(50, 3));
}
