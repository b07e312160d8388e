// SPDX-License-Identifier: BSL-1.0
//
// What may still be going on while an engine ends, on its threads and others.
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;

namespace {

/// Runs something when the last copy goes, as a destructor of the user's may.
template <class Work>
std::shared_ptr<void> at_the_end(Work work)
{
    return {nullptr, [work = std::move(work)](void*) { work(); }};
}

/// Gives a faulty engine the time to get further than it may: where the worker
/// has ended its context must not be gone.
void give_the_end_a_lead()
{
    std::this_thread::sleep_for(50ms);
}

/// Opens the gate when the calling thread ends: for a worker, when the engine
/// has told its threads to.
void open_with_this_thread(test::gate& gate)
{
    thread_local std::shared_ptr<void> opener;
    opener = at_the_end([&gate] { gate.open(); });
}

} // namespace

TEST_CASE("a handler on the workers may block in a wait for another engine's task while its own ends", "[end]")
{
    test::gate in_handler;
    test::gate in_task;
    test::mailbox<wait_status> told;
    vmtask::engine other({.workers = 1});
    const task<> awaited = test::occupy_workers(other, in_task, 1).front();
    std::optional<engine> ending(std::in_place, engine_options{.workers = 2});
    asio::post(ending->get_worker_executor(), [&] {
        in_handler.hold_regardless();
        in_task.open();
        told.put(awaited.wait_for_completion(patience));
    });
    REQUIRE(in_handler.reached());
    const task<> on_second = ending->post([&](task_context&) { open_with_this_thread(in_handler); });
    REQUIRE(on_second.wait_for_completion(patience) == wait_status::completed);

    ending.reset();

    CHECK(told.letters() == std::vector{wait_status::completed});
}

TEST_CASE("handlers on the event loop may post to the workers while the engine ends", "[end]")
{
    test::gate gate;
    std::atomic<int> destroyed{0};
    std::optional<engine> ending(std::in_place, engine_options{.workers = 1});
    const auto workers = ending->get_worker_executor();
    test::occupy_event_loop(*ending, gate);
    asio::post(ending->get_executor(), [] { give_the_end_a_lead(); });
    for (int i = 0; i < 10; ++i) {
        auto noted = at_the_end([&] { ++destroyed; });
        asio::post(ending->get_executor(), [workers, noted = std::move(noted)]() mutable {
            asio::post(workers, [noted = std::move(noted)] {});
        });
    }
    const task<> last = ending->post([&](task_context&) { open_with_this_thread(gate); });
    REQUIRE(last.wait_for_completion(patience) == wait_status::completed);

    ending.reset();

    CHECK(destroyed == 10);
}

TEST_CASE("what is destroyed with one of the executors may post to the others", "[end]")
{
    std::atomic<int> destroyed{0};
    const auto post_to = [&](const auto& where) { asio::post(where, [noted = at_the_end([&] { ++destroyed; })] {}); };
    {
        engine engine({.workers = 1});
        const auto loop = engine.get_executor();
        const auto workers = engine.get_worker_executor();
        const auto wait_on = [&](const auto& where, const auto& then) {
            auto timer = std::make_shared<asio::steady_timer>(where, 1h);
            timer->async_wait([timer, noted = at_the_end([&post_to, then] { post_to(then); })](std::error_code) {});
        };
        wait_on(loop, workers);
        wait_on(workers, loop);
        wait_on(loop, loop);
        wait_on(workers, workers);
    }
    CHECK(destroyed == 4);
}

TEST_CASE("old tasks may be let go on the event loop after the timer loop has ended", "[end]")
{
    test::gate gate;
    test::gate never;
    std::optional<engine> ending(std::in_place, engine_options{.workers = 1, .retain = {.age = 300ms}});
    const task<> old = ending->post([](task_context&) {});
    REQUIRE(old.wait_for_completion(patience) == wait_status::completed);
    test::occupy_event_loop(*ending, gate);
    asio::post(ending->get_executor(), [] { give_the_end_a_lead(); });
    const task<> recent = ending->post([&](task_context& self) {
        open_with_this_thread(gate);
        never.hold(self);
    });
    REQUIRE(never.reached());
    // By then a sweep waits behind the handler; it asks for one more for `recent`.
    CHECK(recent.wait_for_completion(400ms) == wait_status::timed_out);

    ending.reset();

    CHECK(recent.state() == task_state::cancelled);
}

TEST_CASE("a body may drop the last reference to its engine", "[end]")
{
    test::gate gate;
    test::mailbox<bool> told;
    task_handle dropping;
    task_handle queued;
    {
        auto shared = std::make_shared<engine>(engine_options{.workers = 1});
        engine& where = *shared;
        dropping = where.post([&, shared = std::move(shared)](task_context& self) mutable {
            gate.hold(self);
            shared.reset();
            told.put(self.stop_requested());
        });
        queued = where.post([](task_context&) {});
    }
    gate.open();

    CHECK(dropping.wait_for_completion(patience) == wait_status::completed);
    CHECK(queued.wait_for_completion(patience) == wait_status::completed);
    CHECK(dropping.state() == task_state::succeeded);
    CHECK(queued.state() == task_state::cancelled);
    CHECK(told.letters() == std::vector{true});
}

TEST_CASE("a body's destructor may drop the last reference to its engine", "[end]")
{
    auto shared = std::make_shared<engine>(engine_options{.workers = 1});
    engine& where = *shared;
    const task<> dropping = where.post([shared = std::move(shared)](task_context&) {});

    CHECK(dropping.wait_for_completion(patience) == wait_status::completed);
    CHECK(dropping.state() == task_state::succeeded);
}

TEST_CASE("a coroutine body may drop the last reference to its engine", "[end]")
{
    test::gate gate;
    auto shared = std::make_shared<engine>(engine_options{.workers = 1});
    engine& where = *shared;
    auto body = [&gate, shared = std::move(shared)](task_context&) mutable -> asio::awaitable<void> {
        gate.hold_regardless();
        shared.reset();
        co_return;
    };
    const task<> dropping = where.post(std::move(body));
    gate.open();

    CHECK(dropping.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("a handler on either executor may drop the last reference to the engine", "[end]")
{
    for (const bool on_workers : {false, true}) {
        const auto seen = std::make_shared<int>(0);
        test::mailbox<bool> dropped;
        auto shared = std::make_shared<engine>(engine_options{.workers = 1});
        const auto where = on_workers ? shared->get_worker_executor() : shared->get_executor();
        // Destroyed, not run: how the test knows that the engine is gone.
        auto timer = std::make_shared<asio::steady_timer>(where, 1h);
        timer->async_wait([timer, seen](std::error_code) {});
        timer.reset();
        asio::post(where, [&dropped, shared = std::move(shared)]() mutable {
            shared.reset();
            dropped.put(true);
        });

        CHECK(dropped.holds(1));
        CHECK(test::eventually([&] { return seen.use_count() == 1; }));
    }
}
