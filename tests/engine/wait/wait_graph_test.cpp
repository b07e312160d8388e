// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>
#include <vmtask/when_all.hpp>
#include <vmtask/when_any.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"

#include <cstddef>
#include <functional>
#include <vector>

using namespace vmtask;
using test::eventually;
using test::patience;

namespace {

using wait = std::function<wait_status()>;

/// Posts a task that does nothing but to wait, once all may begin.
task<wait_status> post_wait(engine& engine, test::gate& begin, wait waits)
{
    return engine.post([&begin, waits](task_context&) {
        begin.hold_regardless();
        return waits();
    });
}

bool are_blocked(const engine& engine, std::size_t count)
{
    return eventually([&] { return engine.metrics().workers_blocked >= count; });
}

} // namespace

TEST_CASE("the search for deadlocks goes on as long as it learns something", "[deadlock]")
{
    test::gate begin;
    test::gate gate;
    task_handle first;
    task_handle second;
    task_handle third;
    engine engine({.workers = 5});
    const task_handle outside = engine.post([&](task_context& self) { gate.hold(self); });
    // The first is looked at, and from there the others, which lead back to it,
    // before it is known that it has another way out.
    first = post_wait(engine, begin, [&] { return when_any(second, outside).wait_for_completion().status; });
    second = post_wait(engine, begin, [&] { return third.wait_for_completion(); });
    third = post_wait(engine, begin, [&] { return first.wait_for_completion(); });
    REQUIRE(begin.reached(3)); // one that is queued would be run by whoever waits for it
    begin.open();
    REQUIRE(are_blocked(engine, 3));

    // Each further look at all of them gets one step nearer to the second.
    const auto asking = engine.post([&](task_context&) { return when_all(first, second).wait_for_completion(); });
    REQUIRE(eventually([&] { return asking.is_complete() || engine.metrics().workers_blocked == 4; }));
    gate.open();
    REQUIRE(when_all(first, second, third, asking).wait_for_completion(patience) == wait_status::completed);
    CHECK(asking.result() == wait_status::completed);
}
