// SPDX-License-Identifier: BSL-1.0
//
// What aborts does so in a process of its own, forked while there are no other
// threads.
#include "base/ranked_mutex.hpp"
#include <vmtask/engine.hpp>
#include <vmtask/task_source.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"
#include "support/patience.hpp"

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/post.hpp>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace vmtask;
using detail::lock_rank;
using detail::ranked_mutex;

namespace {

ranked_mutex<lock_rank::wait_graph, std::mutex> first_lock;
ranked_mutex<lock_rank::task, detail::small_mutex> task_lock;
ranked_mutex<lock_rank::scheduler, std::mutex> scheduler_lock;

/// What no guard would do: the thread keeps it.
void lock_for_good() VMTASK_NO_THREAD_SAFETY_ANALYSIS
{
    first_lock.lock();
}

/// Stays long enough for another thread to abort.
void await_death()
{
    std::this_thread::sleep_for(test::patience);
}

[[noreturn]] void run_as_child(int said, void (*misuse)())
{
    const rlimit no_core{0, 0};
    (void)::setrlimit(RLIMIT_CORE, &no_core); // no file left behind by what aborts
    (void)std::signal(SIGABRT, SIG_DFL);      // Catch's would report it
    (void)::dup2(said, STDERR_FILENO);
    misuse();
    ::_exit(EXIT_SUCCESS);
}

/// What a process that does this says before it aborts; nothing if it does not.
std::optional<std::string> last_words_of(void (*misuse)())
{
    int pipe_ends[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) run_as_child(pipe_ends[1], misuse);
    (void)::close(pipe_ends[1]);
    std::string said;
    char piece[256];
    for (ssize_t size = 0; (size = ::read(pipe_ends[0], piece, sizeof piece)) > 0;)
        said.append(piece, static_cast<std::size_t>(size));
    (void)::close(pipe_ends[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT) return std::nullopt;
    return said;
}

class deaf_observer final : public task_observer {};

} // namespace

TEST_CASE("a lock that is taken out of order aborts, with both names", "[ranked_mutex]")
{
    const auto said = last_words_of([] {
        const std::lock_guard later(scheduler_lock);
        const std::lock_guard earlier(task_lock);
    });
    REQUIRE(said);
    CHECK(*said == "vmtask: the lock task is taken under scheduler\n");
}

TEST_CASE("two locks of one rank abort", "[ranked_mutex]")
{
    const auto said = last_words_of([] {
        ranked_mutex<lock_rank::task, detail::small_mutex> other;
        const std::lock_guard one(task_lock);
        const std::lock_guard two(other);
    });
    REQUIRE(said);
    CHECK(*said == "vmtask: the lock task is taken under task\n");
}

TEST_CASE("trying to lock out of order aborts as well", "[ranked_mutex]")
{
    const auto said = last_words_of([] {
        const std::lock_guard later(scheduler_lock);
        const std::unique_lock earlier(task_lock, std::try_to_lock);
    });
    REQUIRE(said);
    CHECK(*said == "vmtask: the lock task is taken under scheduler\n");
}

TEST_CASE("a lock that is needed and not held aborts", "[ranked_mutex]")
{
    const auto said = last_words_of([] {
        const std::lock_guard another(task_lock);
        scheduler_lock.assert_held();
    });
    REQUIRE(said);
    CHECK(*said == "vmtask: the lock scheduler is needed and not held\n");
}

TEST_CASE("a lock at a point where code of the user's runs or goes aborts", "[ranked_mutex]")
{
    struct point {
        const char* what;
        void (*misuse)();
    };
    const point points[] = {
        {"a body runs",
         [] {
             engine engine({.workers = 1});
             asio::post(engine.get_worker_executor(), [] { lock_for_good(); });
             (void)engine.post([](task_context&) {});
             await_death();
         }},
        {"a body is destroyed",
         [] {
             engine engine({.workers = 1});
             (void)engine.post([](task_context&) { lock_for_good(); });
             await_death();
         }},
        {"a body is destroyed",
         [] {
             test::gate gate;
             engine engine({.workers = 1});
             const auto busy = test::occupy_workers(engine, gate, 1);
             task queued = engine.post([](task_context&) {});
             const std::lock_guard held(first_lock);
             (void)queued.request_cancel();
         }},
        {"a result is destroyed",
         [] {
             std::optional<engine> engine(std::in_place);
             std::optional<task<int>> last(engine->post([](task_context&) { return 1; }));
             (void)last->wait_for_completion();
             engine.reset();
             const std::lock_guard held(first_lock);
             last.reset();
         }},
        {"a wait is completed",
         [] {
             asio::cancellation_signal signal;
             engine engine;
             task_source<> source(engine);
             source.handle().async_wait(asio::bind_cancellation_slot(signal.slot(), [](std::error_code) {}));
             const std::lock_guard held(first_lock);
             signal.emit(asio::cancellation_type::terminal);
         }},
        {"a handler is posted",
         [] {
             engine engine;
             const task ended = engine.post([](task_context&) {});
             (void)ended.wait_for_completion();
             const std::lock_guard held(first_lock);
             ended.async_wait([](std::error_code) {});
         }},
        {"a handler's exception is told",
         [] {
             engine engine({.on_handler_exception = [](std::exception_ptr) {}});
             asio::post(engine.get_executor(), [] {
                 lock_for_good();
                 throw std::runtime_error("escapes");
             });
             await_death();
         }},
        {"stop callbacks are called",
         [] {
             engine engine;
             task_source<> source(engine);
             const std::lock_guard held(first_lock);
             (void)source.handle().request_cancel();
         }},
        {"a coroutine begins",
         [] {
             engine engine;
             asio::post(engine.get_executor(), [] { lock_for_good(); });
             (void)engine.post([](task_context&) -> asio::awaitable<void> { co_return; });
             await_death();
         }},
        {"repeat_on is asked",
         [] {
             engine engine;
             task_options options;
             options.retry = retry_policy{.attempts = 2, .repeat_on = [](std::error_code) { return true; }};
             (void)engine.post(
                 [](task_context&) {
                     lock_for_good();
                     throw std::runtime_error("fails");
                 },
                 options);
             await_death();
         }},
        {"an observer is told",
         [] {
             engine engine({.observers = {std::make_shared<deaf_observer>()}});
             const std::lock_guard held(first_lock);
             (void)engine.post([](task_context&) {});
         }},
        {"a thread waits for a task",
         [] {
             engine engine;
             task_source<> source(engine);
             const std::lock_guard held(first_lock);
             (void)source.handle().wait_for_completion(test::patience);
         }},
    };
    for (const point& each : points) {
        CAPTURE(each.what);
        const auto said = last_words_of(each.misuse);
        CHECK(said.value_or("nothing") == std::string("vmtask: ") + each.what + " under the lock wait_graph\n");
    }
}
