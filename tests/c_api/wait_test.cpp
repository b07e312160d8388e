// SPDX-License-Identifier: BSL-1.0

#include "handles.hpp"

#include "support/catch.hpp"

#include <thread>

using namespace vmtask::test;

namespace {

[[nodiscard]] wait_owner begin_wait(const task_owner& task, told& what, std::int64_t timeout_ms = VMTASK_NO_LIMIT)
{
    vmtask_wait* wait = nullptr;
    expect_ok(vmtask_task_async_wait(task.get(), timeout_ms, told::callback, &what, &wait));
    return wait_owner(wait);
}

} // namespace

TEST_CASE("a callback is told of the end once, although every worker is busy", "[c_api]")
{
    c_gate gate;
    c_gate busy;
    told what;
    const engine_owner engine = make_engine(2);
    const task_owner other = post_held(engine, busy);
    const task_owner task = post_held(engine, gate);
    const wait_owner wait = begin_wait(task, what);
    CHECK(what.times == 0);

    const task_owner queued = post(engine, c_gate::hold, &busy);
    gate.open();

    REQUIRE(what.arrives());
    CHECK(what.status == VMTASK_OK);
    CHECK(what.task == task.get());
    CHECK(what.thread != std::this_thread::get_id());
    busy.open();
    REQUIRE(vmtask_engine_shutdown(engine.get(), VMTASK_SHUTDOWN_DRAIN, patience_ms, nullptr) == VMTASK_OK);
    CHECK(what.times == 1);
}

TEST_CASE("a callback is told of a task that had ended before", "[c_api]")
{
    told before;
    told after;
    engine_owner engine = make_engine();
    const task_owner task = post(engine, [](vmtask_context*, void*) -> vmtask_status { return VMTASK_E_IN_USE; });
    REQUIRE(vmtask_task_wait(task.get(), patience_ms) == VMTASK_OK);

    REQUIRE(vmtask_task_async_wait(task.get(), 0, told::callback, &before, nullptr) == VMTASK_OK);
    REQUIRE(before.arrives());
    CHECK(before.status == VMTASK_OK); // it speaks of the wait

    engine.reset();
    REQUIRE(vmtask_task_async_wait(task.get(), VMTASK_NO_LIMIT, told::callback, &after, nullptr) == VMTASK_OK);
    REQUIRE(after.arrives());
    CHECK(after.status == VMTASK_OK);
    CHECK(after.thread != std::this_thread::get_id());
}

TEST_CASE("a callback is told that the time has passed, and the task goes on", "[c_api]")
{
    c_gate gate;
    told what;
    const engine_owner engine = make_engine();
    const task_owner task = post_held(engine, gate);

    const wait_owner wait = begin_wait(task, what, 1);

    REQUIRE(what.arrives());
    CHECK(what.status == VMTASK_E_TIMED_OUT);
    CHECK(info_of(task).state == VMTASK_STATE_RUNNING);
    CHECK(vmtask_wait_give_up(wait.get()) == VMTASK_OK);
    gate.open();
    REQUIRE(vmtask_task_wait(task.get(), patience_ms) == VMTASK_OK);
    CHECK(what.times == 1);
}

TEST_CASE("giving up a wait in C tells its callback and leaves the task alone", "[c_api]")
{
    c_gate gate;
    told what;
    const engine_owner engine = make_engine();
    const task_owner task = post_held(engine, gate);
    const wait_owner wait = begin_wait(task, what);

    CHECK(vmtask_wait_give_up(wait.get()) == VMTASK_OK);
    CHECK(vmtask_wait_give_up(wait.get()) == VMTASK_OK);

    REQUIRE(what.arrives());
    CHECK(what.status == VMTASK_E_GIVEN_UP);
    gate.open();
    REQUIRE(vmtask_task_wait(task.get(), patience_ms) == VMTASK_OK);
    CHECK(vmtask_task_result(task.get()) == VMTASK_OK);
    CHECK(vmtask_wait_give_up(wait.get()) == VMTASK_OK);
    CHECK(what.times == 1);
}

TEST_CASE("a wait goes on when it is given back", "[c_api]")
{
    c_gate gate;
    told what;
    const engine_owner engine = make_engine();
    {
        const task_owner task = post_held(engine, gate);
        const wait_owner wait = begin_wait(task, what);
    }

    gate.open();

    REQUIRE(what.arrives());
    CHECK(what.status == VMTASK_OK);
}

TEST_CASE("callbacks have been told when the engine is gone", "[c_api]")
{
    c_gate gate;
    told what;
    engine_owner engine = make_engine();
    const task_owner task = post_held(engine, gate);
    const wait_owner wait = begin_wait(task, what);

    engine.reset();

    CHECK(what.times == 1);
    CHECK(what.status == VMTASK_OK);
    CHECK(vmtask_task_result(task.get()) == VMTASK_E_CANCELLED);
}

TEST_CASE("a race of the end, the time and giving up tells the callback once", "[c_api]")
{
    for (int round = 0; round < 100; ++round) {
        c_gate gate;
        told what;
        engine_owner engine = make_engine();
        {
            const task_owner task = post(engine, c_gate::hold, &gate);
            const wait_owner wait = begin_wait(task, what, 1 + round % 2);
            std::thread giving_up([&] { expect_ok(vmtask_wait_give_up(wait.get())); });
            gate.open();
            expect_ok(vmtask_wait_give_up(wait.get()));
            giving_up.join();
        }
        engine.reset();
        REQUIRE(what.times == 1);
    }
}
