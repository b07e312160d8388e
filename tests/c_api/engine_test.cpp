// SPDX-License-Identifier: BSL-1.0

#include "handles.hpp"

#include "support/catch.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <thread>
#include <vector>

using namespace vmtask::test;

TEST_CASE("the engine lists its tasks and finds them by id", "[c_api]")
{
    c_gate gate;
    const engine_owner engine = make_engine();
    const task_owner first = post_held(engine, gate);
    const task_owner second = post(engine, c_gate::hold, &gate);

    vmtask_task** listed = nullptr;
    std::size_t count = 0;
    REQUIRE(vmtask_engine_list_tasks(engine.get(), &listed, &count) == VMTASK_OK);
    REQUIRE(count == 2);
    const task_owner kept(vmtask_task_retain(listed[1]));
    vmtask_tasks_release(listed, count);
    CHECK(info_of(kept).id == info_of(second).id);
    CHECK(info_of(kept).id > info_of(first).id);

    vmtask_task* found = nullptr;
    REQUIRE(vmtask_engine_find_task(engine.get(), info_of(first).id, &found) == VMTASK_OK);
    CHECK(info_of(task_owner(found)).state == VMTASK_STATE_RUNNING);
    CHECK(vmtask_engine_find_task(engine.get(), 999, &found) == VMTASK_E_NO_TASK);
    CHECK(found == nullptr);
    gate.open();
}

TEST_CASE("an engine that keeps no ended task lists none", "[c_api]")
{
    auto options = ready<vmtask_engine_options>();
    options.retain_ms = -1;
    options.queue_limit = UINT64_MAX;
    vmtask_engine* made = nullptr;
    REQUIRE(vmtask_engine_create(&options, &made) == VMTASK_OK);
    const engine_owner engine(made);
    const task_owner task = post(engine, [](vmtask_context*, void*) -> vmtask_status { return VMTASK_OK; });
    REQUIRE(vmtask_task_wait(task.get(), patience_ms) == VMTASK_OK);

    const auto lists_none = [&] {
        vmtask_task** listed = nullptr;
        std::size_t count = 1;
        expect_ok(vmtask_engine_list_tasks(engine.get(), &listed, &count));
        vmtask_tasks_release(listed, count);
        return count == 0;
    };
    CHECK(eventually(lists_none));
}

TEST_CASE("a full queue is said to be full", "[c_api]")
{
    c_gate gate;
    auto options = ready<vmtask_engine_options>();
    options.workers = 1;
    options.queue_limit = 1;
    vmtask_engine* made = nullptr;
    REQUIRE(vmtask_engine_create(&options, &made) == VMTASK_OK);
    const engine_owner engine(made);
    const task_owner held = post_held(engine, gate);
    const task_owner queued = post(engine, c_gate::hold, &gate);

    vmtask_task* refused = held.get();
    CHECK(vmtask_engine_post(engine.get(), nullptr, c_gate::hold, &gate, &refused) == VMTASK_E_QUEUE_FULL);
    CHECK(refused == nullptr);
    gate.open();
}

TEST_CASE("a shutdown that runs out of time says how many tasks are left", "[c_api]")
{
    c_gate gate;
    const engine_owner engine = make_engine();
    const task_owner held = post_held(engine, gate);
    const task_owner queued = post(engine, c_gate::hold, &gate);

    std::size_t unfinished = 0;
    CHECK(vmtask_engine_shutdown(engine.get(), VMTASK_SHUTDOWN_DRAIN, 1, &unfinished) == VMTASK_E_TIMED_OUT);
    CHECK(unfinished == 2);

    CHECK(vmtask_engine_shutdown(engine.get(), VMTASK_SHUTDOWN_CANCEL, VMTASK_NO_LIMIT, &unfinished) == VMTASK_OK);
    CHECK(unfinished == 0);
    CHECK(vmtask_task_result(queued.get()) == VMTASK_E_CANCELLED);
}

TEST_CASE("an engine is not destroyed by its own threads", "[c_api]")
{
    std::atomic<vmtask_status> in_callback{VMTASK_OK};
    struct shared {
        vmtask_engine* engine;
        std::atomic<vmtask_status>* answer;
    } data{nullptr, &in_callback};
    const engine_owner engine = make_engine();
    data.engine = engine.get();

    const task_owner task = post(
        engine, [](vmtask_context*, void* user) { return vmtask_engine_destroy(static_cast<vmtask_engine*>(user)); },
        engine.get());
    REQUIRE(vmtask_task_wait(task.get(), patience_ms) == VMTASK_OK);
    CHECK(vmtask_task_result(task.get()) == VMTASK_E_WOULD_DEADLOCK);

    const auto destroy = [](vmtask_task*, vmtask_status, void* user) {
        const shared& given = *static_cast<shared*>(user);
        *given.answer = vmtask_engine_destroy(given.engine);
    };
    REQUIRE(vmtask_task_async_wait(task.get(), 0, destroy, &data, nullptr) == VMTASK_OK);
    CHECK(eventually([&] { return in_callback == VMTASK_E_WOULD_DEADLOCK; }));
}

TEST_CASE("each thread has its own last error", "[c_api]")
{
    REQUIRE(vmtask_task_wait(nullptr, 0) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(vmtask_last_error_message() == std::string("task is null"));

    std::string elsewhere = "not asked";
    std::thread([&] { elsewhere = vmtask_last_error_message(); }).join();
    CHECK(elsewhere.empty());

    const engine_owner engine = make_engine(); // succeeds
    CHECK(vmtask_last_error_message() == std::string("task is null"));
}

TEST_CASE("the library and the headers are of one version", "[c_api]")
{
    CHECK(vmtask_version() == VMTASK_VERSION);
    CHECK(vmtask_version_string() == std::string(VERSION_TEXT));
}
