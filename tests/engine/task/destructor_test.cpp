// SPDX-License-Identifier: BSL-1.0

// What the destructors of bodies and results may do: anything that a caller may.

#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::eventually;
using test::patience;

namespace {

void nothing(task_context&) {}

/// Calls a function when it is destroyed, unless it has been moved from.
class at_destruction {
public:
    explicit at_destruction(std::function<void()> call) : call_(std::move(call)) {}
    at_destruction(at_destruction&& other) noexcept : call_(std::exchange(other.call_, {})) {}
    at_destruction& operator=(at_destruction&&) = delete;
    ~at_destruction()
    {
        if (call_) call_();
    }

private:
    std::function<void()> call_;
};

/// How a wait comes out for a task that is posted so: at once, or with terms.
wait_status clean_up(engine& where, bool has_terms)
{
    const task<> posted = has_terms
        ? where.post(nothing, {.claims = {exclusive("disk")}, .limits = {.total = time_limit(1h)}})
        : where.post(nothing);
    return posted.wait_for_completion(patience / 2);
}

/// Has a body destroyed unbegun, because its predecessor fails; what it holds
/// then cleans up by a task of `where`.
wait_status clean_up_after_failure(engine& failing, engine& where, bool has_terms)
{
    test::mailbox<wait_status> told;
    const auto first = failing.post([](task_context&) { throw std::runtime_error("on purpose"); });
    auto guard = std::make_shared<at_destruction>([&] { told.put(clean_up(where, has_terms)); });
    const auto second = failing.post([held = std::move(guard)](task_context&) {}, {.after = {first}});
    REQUIRE(told.holds(1));
    CHECK(second.wait_for_completion(patience) == wait_status::completed);
    CHECK(second.error() == errc::predecessor_failed);
    return told.letters().front();
}

} // namespace

TEST_CASE("the destructor of a body that never began may post and wait", "[destructor]")
{
    const bool has_terms = GENERATE(false, true);
    engine engine({.workers = 4});
    CHECK(clean_up_after_failure(engine, engine, has_terms) == wait_status::completed);
}

TEST_CASE("the destructor of a body is told at once when it waits for a task that comes after its own", "[destructor]")
{
    test::gate gate;
    test::mailbox<wait_status> told;
    task_handle after;
    engine engine({.workers = 1});
    const auto held = engine.post([&](task_context& self) { gate.hold(self); });
    REQUIRE(gate.reached());
    auto guard = std::make_shared<at_destruction>([&] { told.put(after.wait_for_completion()); });
    const auto queued = engine.post([kept = std::move(guard)](task_context&) {});
    after = engine.post(nothing, {.after = {queued}, .after_failure = after_failure::begin});
    CHECK_FALSE(queued.request_cancel());
    REQUIRE(told.holds(1));
    CHECK(told.letters().front() == wait_status::would_deadlock);
    gate.open();
    CHECK(after.wait_for_completion(patience) == wait_status::completed);
}

TEST_CASE("the destructor of a body that never began may post to another engine and wait", "[destructor]")
{
    const bool has_terms = GENERATE(false, true);
    engine other({.workers = 1});
    engine engine({.workers = 4});
    CHECK(clean_up_after_failure(engine, other, has_terms) == wait_status::completed);
}

TEST_CASE("whom a task lets through begins though the destructor of another body waits for that", "[destructor]")
{
    test::mailbox<wait_status> told;
    engine engine({.workers = 4});
    test::mailbox<int> may_fail;
    const auto first = engine.post([&](task_context&) {
        if (may_fail.holds(1)) throw std::runtime_error("on purpose");
    });
    task_handle next;
    auto guard = std::make_shared<at_destruction>([&] { told.put(next.wait_for_completion(patience / 2)); });
    const auto second = engine.post([held = std::move(guard)](task_context&) {}, {.after = {first}});
    next = engine.post(nothing, {.after = {first}, .after_failure = after_failure::begin});
    may_fail.put(1);
    REQUIRE(told.holds(1));
    CHECK(told.letters().front() == wait_status::completed);
    CHECK(second.wait_for_completion(patience) == wait_status::completed);
}

namespace {

/// Searches for circles through parts that come and go, whose results call the
/// engine when they are destroyed: wherever their last reference goes.
struct vanishing_parts {
    std::atomic<bool> is_over{false};
    std::atomic<bool> has_ended{false};
    std::atomic<int> posts{0};
    std::atomic<int> destroyed{0};
    engine where{{.workers = 5, .retain = {.count = 0}}};

    at_destruction result()
    {
        return at_destruction([this] {
            where.set_lane_limit("lane", 1);
            ++destroyed;
        });
    }

    /// Makes parts in short bursts, so that most have ended when they are dropped,
    /// while the search may hold them still.
    void make_parts(task_context& self)
    {
        while (!is_over) {
            std::vector<task_handle> burst;
            for (int i = 0; i < 50; ++i)
                burst.push_back(where.post([this](task_context&) { return result(); }, {.parent = self.handle()}));
            burst.clear();
            std::this_thread::sleep_for(100us);
        }
    }

    void run()
    {
        const task<> before = where.post([this](task_context& self) { make_parts(self); });
        const task<> whole = where.post([this](task_context&) {
            while (!is_over) std::this_thread::sleep_for(1ms);
        });
        const auto end = std::chrono::steady_clock::now() + 2s;
        for (; std::chrono::steady_clock::now() < end; ++posts) {
            (void)where.post(nothing, {.after = {before}, .after_failure = after_failure::begin, .parent = whole})
                .request_cancel();
        }
        is_over = true;
        (void)where.shutdown(shutdown_mode::drain);
        has_ended = true;
    }
};

} // namespace

TEST_CASE("a result whose last reference a search for circles drops may call the engine", "[destructor]")
{
    // On its own thread, and left behind if it fails: the engine would stand for good.
    auto* const parts = new vanishing_parts;
    std::thread runner([parts] { parts->run(); });
    if (!eventually([&] { return parts->has_ended.load(); })) {
        runner.detach();
        FAIL("stood still after " << parts->posts << " posts and " << parts->destroyed << " results");
    }
    runner.join();
    CHECK(parts->destroyed > 0);
    delete parts;
}
