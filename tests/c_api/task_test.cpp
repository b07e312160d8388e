// SPDX-License-Identifier: BSL-1.0

#include "handles.hpp"

#include "support/catch.hpp"

#include <cstring>
#include <string>
#include <thread>

using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;

namespace {

vmtask_status succeed(vmtask_context*, void*)
{
    return VMTASK_OK;
}

vmtask_status wait_for_itself(vmtask_context*, void* user)
{
    // The handle is there only when the post has returned.
    auto& own = *static_cast<std::atomic<vmtask_task*>*>(user);
    if (!eventually([&] { return own != nullptr; })) return VMTASK_E_INTERNAL;
    return vmtask_task_wait(own, VMTASK_NO_LIMIT);
}

void count(void* user)
{
    ++*static_cast<std::atomic<int>*>(user);
}

} // namespace

TEST_CASE("a task in C reports what it does, and what it did", "[c_api]")
{
    c_gate gate;
    const engine_owner engine = make_engine();
    const auto body = [](vmtask_context* self, void* user) {
        expect_ok(vmtask_context_set_unit(self, "bytes"));
        expect_ok(vmtask_context_report_step(self, "copying"));
        expect_ok(vmtask_context_report_progress(self, 25, 100));
        return c_gate::hold(self, user);
    };
    auto options = ready<vmtask_post_options>();
    options.description = "copy a disk";
    vmtask_task* posted = nullptr;
    REQUIRE(vmtask_engine_post(engine.get(), &options, body, &gate, &posted) == VMTASK_OK);
    const task_owner task(posted);
    REQUIRE(gate.reached());

    vmtask_task_info info = info_of(task);
    CHECK(info.state == VMTASK_STATE_RUNNING);
    CHECK(info.description == std::string("copy a disk"));
    CHECK(info.percent_completed == 25);
    CHECK(info.result == VMTASK_E_NOT_ENDED);
    CHECK(info.is_cancelable == 1);
    CHECK(info.is_complete == 0);
    auto progress = ready<vmtask_progress>();
    REQUIRE(vmtask_task_get_progress(task.get(), &progress) == VMTASK_OK);
    CHECK(progress.done == 25);
    CHECK(progress.total == 100);
    CHECK(progress.units_per_second == -1);
    CHECK(progress.time_left_ms == -1);
    CHECK(progress.unit == std::string("bytes"));
    CHECK(progress.step == std::string("copying"));

    gate.open();
    REQUIRE(vmtask_task_wait(task.get(), VMTASK_NO_LIMIT) == VMTASK_OK);
    REQUIRE(vmtask_task_get_progress(task.get(), &progress) == VMTASK_OK);
    CHECK(progress.time_left_ms == 0);
    info = info_of(task);
    CHECK(info.state == VMTASK_STATE_SUCCEEDED);
    CHECK(info.percent_completed == 100);
    CHECK(info.is_complete == 1);
    CHECK(info.is_cancelable == 0);
    CHECK(vmtask_task_result(task.get()) == VMTASK_OK);
    CHECK(vmtask_task_request_cancel(task.get()) == VMTASK_E_ALREADY_ENDED);
}

TEST_CASE("a wait in C tells the end, the time and a deadlock apart", "[c_api]")
{
    c_gate gate;
    std::atomic<vmtask_task*> own{nullptr};
    const engine_owner engine = make_engine();
    const task_owner held = post_held(engine, gate);

    CHECK(vmtask_task_wait(held.get(), 1) == VMTASK_E_TIMED_OUT);
    CHECK(vmtask_task_wait(held.get(), 0) == VMTASK_E_TIMED_OUT);
    CHECK(vmtask_task_wait(held.get(), INT64_MIN) == VMTASK_E_TIMED_OUT);
    CHECK(info_of(held).state == VMTASK_STATE_RUNNING);

    gate.open();
    CHECK(vmtask_task_wait(held.get(), patience_ms) == VMTASK_OK);
    const task_owner waiting = post(engine, wait_for_itself, &own);
    own = waiting.get();
    REQUIRE(vmtask_task_wait(waiting.get(), patience_ms) == VMTASK_OK);
    CHECK(vmtask_task_result(waiting.get()) == VMTASK_E_WOULD_DEADLOCK);
}

TEST_CASE("a task in C stops when it is asked to, and says so", "[c_api]")
{
    c_gate gate;
    const engine_owner engine = make_engine();
    const task_owner running = post_held(engine, gate);
    const task_owner queued = post(engine, succeed);

    CHECK(vmtask_task_request_cancel(queued.get()) == VMTASK_OK);
    REQUIRE(vmtask_task_wait(queued.get(), patience_ms) == VMTASK_OK);
    CHECK(vmtask_task_result(queued.get()) == VMTASK_E_CANCELLED);
    CHECK(vmtask_task_request_cancel(running.get()) == VMTASK_OK);
    CHECK(vmtask_task_request_cancel(running.get()) == VMTASK_OK);
    REQUIRE(vmtask_task_wait(running.get(), patience_ms) == VMTASK_OK);
    CHECK(info_of(running).state == VMTASK_STATE_CANCELLED);
    CHECK(info_of(running).cancel_requested == 1);
    CHECK(vmtask_task_result(running.get()) == VMTASK_E_CANCELLED);
    CHECK_THAT(vmtask_last_error_message(), ContainsSubstring("cancel"));
}

TEST_CASE("a task past its point of no return, or posted so, is not cancelable", "[c_api]")
{
    c_gate first_gate;
    c_gate second_gate;
    const engine_owner engine = make_engine(2);
    const auto body = [](vmtask_context* self, void* user) {
        expect_ok(vmtask_context_point_of_no_return(self));
        return c_gate::hold(self, user);
    };
    const task_owner past = post(engine, body, &first_gate);
    auto options = ready<vmtask_post_options>();
    options.not_cancelable = 1;
    vmtask_task* posted = nullptr;
    REQUIRE(vmtask_engine_post(engine.get(), &options, c_gate::hold, &second_gate, &posted) == VMTASK_OK);
    const task_owner never(posted);
    REQUIRE(first_gate.reached());

    CHECK(vmtask_task_request_cancel(past.get()) == VMTASK_E_NOT_CANCELABLE);
    CHECK(vmtask_task_request_cancel(never.get()) == VMTASK_E_NOT_CANCELABLE);
    CHECK(info_of(never).is_cancelable == 0);

    first_gate.open();
    second_gate.open();
}

TEST_CASE("a task in C is held and goes on", "[c_api]")
{
    c_gate gate;
    const engine_owner engine = make_engine();
    const task_owner task = post_held(engine, gate);
    const auto has_state = [&](vmtask_state state) { return eventually([&] { return info_of(task).state == state; }); };

    CHECK(vmtask_task_resume(task.get()) == VMTASK_E_NOT_PAUSED);
    CHECK(vmtask_task_pause(task.get()) == VMTASK_OK);
    CHECK(has_state(VMTASK_STATE_PAUSED));
    gate.open();
    CHECK(vmtask_task_wait(task.get(), 20) == VMTASK_E_TIMED_OUT);
    CHECK(vmtask_task_resume(task.get()) == VMTASK_OK);

    REQUIRE(vmtask_task_wait(task.get(), patience_ms) == VMTASK_OK);
    CHECK(vmtask_task_result(task.get()) == VMTASK_OK);
    CHECK(vmtask_task_pause(task.get()) == VMTASK_E_ALREADY_ENDED);
}

TEST_CASE("a body's status is the task's result", "[c_api]")
{
    const engine_owner engine = make_engine();
    const auto fail = [](vmtask_context* self, void* user) {
        const char* const message = static_cast<const char*>(user);
        if (message != nullptr) expect_ok(vmtask_context_set_error_message(self, message));
        return vmtask_status{message != nullptr ? VMTASK_E_IN_USE : VMTASK_E_USER + 7};
    };
    char message[] = "the machine runs";
    const task_owner known = post(engine, fail, message);
    const task_owner own = post(engine, fail);
    const task_owner neither = post(engine, [](vmtask_context*, void*) { return vmtask_status{-1}; });
    REQUIRE(vmtask_task_wait(neither.get(), patience_ms) == VMTASK_OK);

    CHECK(vmtask_task_result(known.get()) == VMTASK_E_IN_USE);
    CHECK(vmtask_last_error_message() == std::string("the machine runs"));
    CHECK(info_of(known).state == VMTASK_STATE_FAILED);
    CHECK(vmtask_task_result(own.get()) == VMTASK_E_USER + 7);
    CHECK_THAT(vmtask_last_error_message(), ContainsSubstring("65543"));
    CHECK(vmtask_task_result(neither.get()) == VMTASK_E_TASK_FAILED);
}

TEST_CASE("what belongs to a body is given back once, before the end is seen", "[c_api]")
{
    c_gate gate;
    std::atomic<int> released{0};
    auto options = ready<vmtask_post_options>();
    options.release = count;
    const engine_owner engine = make_engine();
    vmtask_task* posted = nullptr;

    REQUIRE(vmtask_engine_post(engine.get(), &options, succeed, &released, &posted) == VMTASK_OK);
    const task_owner ended(posted);
    REQUIRE(vmtask_task_wait(ended.get(), patience_ms) == VMTASK_OK);
    CHECK(released == 1);

    const task_owner held = post_held(engine, gate);
    REQUIRE(vmtask_engine_post(engine.get(), &options, succeed, &released, &posted) == VMTASK_OK);
    const task_owner queued(posted);
    REQUIRE(vmtask_task_request_cancel(queued.get()) == VMTASK_OK);
    REQUIRE(vmtask_task_wait(queued.get(), patience_ms) == VMTASK_OK);
    CHECK(released == 2);

    gate.open();
    REQUIRE(vmtask_engine_shutdown(engine.get(), VMTASK_SHUTDOWN_DRAIN, patience_ms, nullptr) == VMTASK_OK);
    CHECK(vmtask_engine_post(engine.get(), &options, succeed, &released, &posted) == VMTASK_E_SHUTTING_DOWN);
    CHECK(posted == nullptr);
    CHECK(released == 2);
}

TEST_CASE("a task in C outlives its engine", "[c_api]")
{
    engine_owner engine = make_engine();
    const task_owner task = post(engine, succeed);
    const task_owner second(vmtask_task_retain(task.get()));
    REQUIRE(vmtask_task_wait(task.get(), patience_ms) == VMTASK_OK);

    engine.reset();

    CHECK(info_of(second).state == VMTASK_STATE_SUCCEEDED);
    CHECK(vmtask_task_wait(task.get(), VMTASK_NO_LIMIT) == VMTASK_OK);
}

TEST_CASE("text that does not fit is cut between two characters", "[c_api]")
{
    const engine_owner engine = make_engine();
    // 31 bytes of room, and the 31st begins a character of two.
    static const std::string unit = std::string(30, 'x')
        + "\xC3\xA4"
          "yz";
    const task_owner task = post(engine, [](vmtask_context* self, void*) {
        expect_ok(vmtask_context_report_step(self, std::string(1000, 's').c_str()));
        return vmtask_context_set_unit(self, unit.c_str());
    });
    REQUIRE(vmtask_task_wait(task.get(), patience_ms) == VMTASK_OK);

    auto progress = ready<vmtask_progress>();
    REQUIRE(vmtask_task_get_progress(task.get(), &progress) == VMTASK_OK);

    CHECK(progress.unit == std::string(30, 'x'));
    CHECK(progress.step == std::string(sizeof progress.step - 1, 's'));
}
