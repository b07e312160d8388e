// SPDX-License-Identifier: BSL-1.0

// What the threads of an engine are like: names, stacks, and who is called first.

#include <vmtask/engine.hpp>
#include <vmtask/error.hpp>

#include "support/catch.hpp"
#include "support/patience.hpp"

#include <atomic>
#include <string>

#include <pthread.h>

using namespace vmtask;
using test::patience;

namespace {

std::string name_of_this_thread()
{
    char name[16] = "";
    return pthread_getname_np(pthread_self(), name, sizeof name) == 0 ? name : "";
}

std::size_t stack_of_this_thread()
{
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return 0;
    std::size_t size = 0;
    (void)pthread_attr_getstacksize(&attributes, &size);
    pthread_attr_destroy(&attributes);
    return size;
}

} // namespace

TEST_CASE("a body finds the name and the stack that the engine's threads were to have", "[thread_options]")
{
    constexpr std::size_t stack = std::size_t{24} << 20; // three times what the system gives by itself
    engine engine({.workers = 1, .threads = {.name = "disks", .stack_size = stack}});
    const auto name = engine.post([](task_context&) {
        // The system is told of it by whoever starts the thread.
        return test::eventually([] { return name_of_this_thread() == "disks-worker"; });
    });
    const auto size = engine.post([](task_context&) { return stack_of_this_thread(); });
    REQUIRE(name.wait_for_completion(patience) == wait_status::completed);
    REQUIRE(size.wait_for_completion(patience) == wait_status::completed);
    CHECK(name.result());
    CHECK(size.result() >= stack);
}

TEST_CASE("a name that is too long is cut, and not its role", "[thread_options]")
{
    engine engine({.workers = 1, .threads = {.name = "a service with a long name"}});
    const auto name = engine.post(
        [](task_context&) { return test::eventually([] { return name_of_this_thread() == "a servic-worker"; }); });
    REQUIRE(name.wait_for_completion(patience) == wait_status::completed);
    CHECK(name.result());
}

TEST_CASE("the hook is called on each thread before anything else runs there", "[thread_options]")
{
    static thread_local bool is_prepared = false;
    std::atomic<int> threads{0};
    const auto on_start = [&] {
        is_prepared = true;
        ++threads;
    };
    {
        engine engine({.workers = 2, .event_loop_threads = 2, .threads = {.on_start = on_start}});
        const auto blocking = engine.post([](task_context&) { return is_prepared; });
        const auto coroutine = engine.post([](task_context&) -> asio::awaitable<bool> { co_return is_prepared; });
        REQUIRE(blocking.wait_for_completion(patience) == wait_status::completed);
        REQUIRE(coroutine.wait_for_completion(patience) == wait_status::completed);
        CHECK(blocking.result());
        CHECK(coroutine.result());
    }
    CHECK(threads == 2 + 2 + 1 + 1); // the timer loop and the reaper are the last two
}

TEST_CASE("a stack that no thread can have is refused, and which option it was is said", "[thread_options][bad_input]")
{
    try {
        engine engine({.threads = {.stack_size = 1}});
        FAIL("it was accepted");
    } catch (const std::system_error& refusal) {
        CHECK(refusal.code() == errc::bad_options);
        CHECK(std::string(refusal.what()).find("thread_options::stack_size") != std::string::npos);
    }
}
