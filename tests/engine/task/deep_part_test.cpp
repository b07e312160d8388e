// SPDX-License-Identifier: BSL-1.0

// Parts of parts of parts, deeper than a stack would be.

#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/sanitized.hpp"
#include "support/small_stacks.hpp"

#include <stdexcept>
#include <thread>

using namespace vmtask;
using test::patience;

namespace {

constexpr int depth = 10'000;

void nothing(task_context&) {}

/// An engine whose threads have small stacks, with tasks in it each of which is
/// a part of the one before; none begins before the gate is open.
struct deep_parts {
    explicit deep_parts(int count)
    {
        where.post([this](task_context&) { gate.hold_regardless(); });
        if (!gate.reached()) throw std::runtime_error("the worker is not held");
        first = where.post(nothing, {.description = "first"});
        last = first;
        for (int i = 1; i < count; ++i) last = where.post(nothing, {.parent = last});
    }

    test::gate gate;
    engine where{{.workers = 1, .retain = {.count = 0}}};
    task_handle first;
    task_handle last;
};

/// Runs `act` on a thread with a small stack.
template <class Act>
void run_on_small_stack(Act act)
{
    std::thread(act).join();
}

} // namespace

TEST_CASE("a cancel reaches parts of any depth on a small stack", "[part][cancel][depth]")
{
    const test::small_stacks small;
    deep_parts parts(depth);
    run_on_small_stack([&] { (void)parts.first.request_cancel(); });
    CHECK(parts.last.state() == task_state::cancelled);
    CHECK(parts.first.wait_for_completion(patience) == wait_status::completed);
    CHECK(parts.first.state() == task_state::cancelled);
    parts.gate.open();
}

TEST_CASE("parts of any depth end one after the other on a small stack", "[part][depth]")
{
    const test::small_stacks small;
    deep_parts parts(depth);
    parts.gate.open();
    REQUIRE(parts.first.wait_for_completion(patience) == wait_status::completed);
    CHECK(parts.first.state() == task_state::succeeded);
    CHECK(parts.last.state() == task_state::succeeded);
}

TEST_CASE("parts of any depth are let go on a small stack", "[part][depth]")
{
    const test::small_stacks small;
    task_handle last;
    {
        deep_parts parts(depth);
        parts.gate.open();
        last = parts.last;
        CHECK(parts.where.shutdown(shutdown_mode::drain, patience).complete());
    }
    run_on_small_stack([&] { last = {}; });
    CHECK_FALSE(last);
}

TEST_CASE("tens of thousands of tasks may be parts of each other", "[part][depth]")
{
    // The worker is held for so long only; under a sanitizer posting takes its time.
    deep_parts parts(test::is_sanitized ? depth : 3 * depth);
    parts.gate.open();
    CHECK(parts.where.shutdown(shutdown_mode::drain).complete());
    CHECK(parts.first.state() == task_state::succeeded);
}
