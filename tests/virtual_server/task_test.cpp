// SPDX-License-Identifier: BSL-1.0

#include <VsComInterfaces.h>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/patience.hpp"

#include <vmtask/engine.hpp>
#include <vmtask/vhd/error.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <functional>
#include <limits>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

using namespace vmtask;
using std::chrono::steady_clock;
using namespace std::chrono_literals;
using virtual_server::wrap_task;

namespace {

using body = std::function<void(task_context&)>;

/// A getter of a property that cannot fail.
template <class Value>
Value get(IVMTask* task, HRESULT (IVMTask::*getter)(Value*))
{
    Value value{};
    REQUIRE((task->*getter)(&value) == S_OK);
    return value;
}

struct outcome {
    HRESULT code;
    VMTaskResult result;

    friend bool operator==(const outcome&, const outcome&) = default;
};

outcome result_of(IVMTask* task)
{
    VMTaskResult result = vmTaskResult_Success;
    const HRESULT code = task->get_Result(&result);
    return {code, result};
}

/// How a task ends whose body is this.
outcome result_of_body(body work)
{
    engine engine({.workers = 1});
    const IVMTaskPtr task = wrap_task(engine.post(std::move(work)));
    REQUIRE(task->WaitForCompletion(-1) == S_OK);
    return result_of(task);
}

outcome result_of_failure(std::error_code code)
{
    return result_of_body([code](task_context&) { throw std::system_error(code); });
}

} // namespace

TEST_CASE("a wait takes -1 and 0 to 4,000,000 ms, and nothing else", "[virtual_server][task]")
{
    engine engine;
    const IVMTaskPtr pointer = wrap_task(engine.post([](task_context&) {}));
    IVMTask* const task = pointer;

    CHECK(task->WaitForCompletion(-1) == S_OK);
    CHECK(task->WaitForCompletion(0) == S_OK);
    CHECK(task->WaitForCompletion(4'000'000) == S_OK);

    CHECK(task->WaitForCompletion(-2) == E_POINTER);
    CHECK(task->WaitForCompletion(4'000'001) == E_POINTER);
    CHECK(task->WaitForCompletion(std::numeric_limits<long>::min()) == E_POINTER);
    CHECK(task->WaitForCompletion(std::numeric_limits<long>::max()) == E_POINTER);
}

TEST_CASE("a time-out out of range is refused at once", "[virtual_server][task]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const IVMTaskPtr pointer = wrap_task(engine.post([&](task_context&) { gate.hold_regardless(); }));
    IVMTask* const task = pointer;

    CHECK(task->WaitForCompletion(-2) == E_POINTER);
    CHECK(task->WaitForCompletion(4'000'001) == E_POINTER);

    CHECK(gate.still_holding());
    CHECK(get(task, &IVMTask::get_IsComplete) == VARIANT_FALSE);
    gate.open();
}

TEST_CASE("a wait that times out is S_OK, and the task is not complete", "[virtual_server][task]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const IVMTaskPtr pointer = wrap_task(engine.post([&](task_context& self) { gate.hold(self); }));
    IVMTask* const task = pointer;

    const auto begin = steady_clock::now();
    CHECK(task->WaitForCompletion(20) == S_OK);
    CHECK(steady_clock::now() - begin >= 20ms);
    CHECK(get(task, &IVMTask::get_IsComplete) == VARIANT_FALSE);
    CHECK(task->WaitForCompletion(0) == S_OK);
    CHECK(get(task, &IVMTask::get_IsComplete) == VARIANT_FALSE);

    gate.open();
    CHECK(task->WaitForCompletion(-1) == S_OK);
    CHECK(get(task, &IVMTask::get_IsComplete) == VARIANT_TRUE);
}

TEST_CASE("a wait that could never end is DISP_E_EXCEPTION at once", "[virtual_server][task]")
{
    test::gate begin;
    engine engine({.workers = 1});
    std::optional<HRESULT> answer;
    task<> itself;
    itself = engine.post([&](task_context& self) {
        begin.hold(self);
        answer = wrap_task(itself).GetInterfacePtr()->WaitForCompletion(-1);
    });
    begin.open();

    REQUIRE(itself.wait_for_completion(test::patience) == wait_status::completed);
    CHECK(answer == DISP_E_EXCEPTION);
}

TEST_CASE("a queued task is cancelled at once", "[virtual_server][task]")
{
    test::gate gate;
    engine engine({.workers = 1});
    (void)engine.post([&](task_context& self) { gate.hold(self); });
    REQUIRE(gate.reached());
    const IVMTaskPtr pointer = wrap_task(engine.post([](task_context&) {}));
    IVMTask* const task = pointer;
    CHECK(get(task, &IVMTask::get_IsCancelable) == VARIANT_TRUE);

    CHECK(task->Cancel() == S_OK);

    CHECK(get(task, &IVMTask::get_IsComplete) == VARIANT_TRUE);
    CHECK(result_of(task) == outcome{S_OK, vmTaskResult_Cancelled});
    gate.open();
}

TEST_CASE("a running task is cancelled where it stops", "[virtual_server][task]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const IVMTaskPtr pointer = wrap_task(engine.post([&](task_context& self) { gate.hold(self); }));
    IVMTask* const task = pointer;
    REQUIRE(gate.reached());
    CHECK(get(task, &IVMTask::get_IsCancelable) == VARIANT_TRUE);

    CHECK(task->Cancel() == S_OK);
    CHECK(task->WaitForCompletion(-1) == S_OK);

    CHECK(result_of(task) == outcome{S_OK, vmTaskResult_Cancelled});
}

TEST_CASE("a task past the point of no return is not cancelable", "[virtual_server][task]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const IVMTaskPtr pointer = wrap_task(engine.post([&](task_context& self) {
        self.point_of_no_return();
        gate.hold(self);
    }));
    IVMTask* const task = pointer;
    REQUIRE(gate.reached());

    CHECK(get(task, &IVMTask::get_IsCancelable) == VARIANT_FALSE);
    CHECK(task->Cancel() == E_FAIL);

    gate.open();
    CHECK(task->WaitForCompletion(-1) == S_OK);
    CHECK(result_of(task) == outcome{S_OK, vmTaskResult_Success});
}

TEST_CASE("a task that has ended is not cancelable", "[virtual_server][task]")
{
    engine engine;
    const IVMTaskPtr pointer = wrap_task(engine.post([](task_context&) {}));
    IVMTask* const task = pointer;
    REQUIRE(task->WaitForCompletion(-1) == S_OK);

    CHECK(get(task, &IVMTask::get_IsCancelable) == VARIANT_FALSE);
    CHECK(task->Cancel() == E_FAIL);
    CHECK(result_of(task) == outcome{S_OK, vmTaskResult_Success});
}

TEST_CASE("a cancel that comes too late is a success", "[virtual_server][task]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const IVMTaskPtr pointer = wrap_task(engine.post([&](task_context&) { gate.hold_regardless(); }));
    IVMTask* const task = pointer;
    REQUIRE(gate.reached());

    CHECK(task->Cancel() == S_OK);
    gate.open();
    CHECK(task->WaitForCompletion(-1) == S_OK);

    CHECK(result_of(task) == outcome{S_OK, vmTaskResult_Success});
}

TEST_CASE("the result of a task that has not ended never reads as success", "[virtual_server][task]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const IVMTaskPtr running = wrap_task(engine.post([&](task_context& self) { gate.hold(self); }));
    const IVMTaskPtr queued = wrap_task(engine.post([](task_context&) {}));
    REQUIRE(gate.reached());

    CHECK(result_of(running) == outcome{E_PENDING, vmTaskResult_UnexpectedError});
    CHECK(result_of(queued) == outcome{E_PENDING, vmTaskResult_UnexpectedError});
    gate.open();
}

TEST_CASE("a failed task tells what kind of failure it was", "[virtual_server][task]")
{
    CHECK(result_of_failure({ENOSPC, std::system_category()}).result == vmTaskResult_DiskRelatedError);
    CHECK(result_of_failure({EDQUOT, std::system_category()}).result == vmTaskResult_DiskRelatedError);
    CHECK(result_of_failure({EIO, std::generic_category()}).result == vmTaskResult_DiskRelatedError);
    CHECK(result_of_failure(vhd::errc::blocks_overlap).result == vmTaskResult_DiskRelatedError);
    CHECK(result_of_failure(std::make_error_code(std::errc::timed_out)).result == vmTaskResult_TimeOutError);
    CHECK(result_of_failure(errc::timed_out).result == vmTaskResult_TimeOutError);
    CHECK(result_of_failure(std::make_error_code(std::errc::not_enough_memory)).result
          == vmTaskResult_OutOfMemoryError);
    CHECK(result_of_failure(std::make_error_code(std::errc::invalid_argument)).result == vmTaskResult_UnexpectedError);
    CHECK(result_of_body([](task_context&) { throw std::bad_alloc(); }).result == vmTaskResult_OutOfMemoryError);
    CHECK(result_of_body([](task_context&) { throw std::runtime_error("no code"); }).result
          == vmTaskResult_UnexpectedError);
    CHECK(result_of_body([](task_context&) { throw 1; }).result == vmTaskResult_UnexpectedError);
}

TEST_CASE("a task that failed because of another's \"not ended\" has ended", "[virtual_server][task]")
{
    CHECK(result_of_failure(errc::not_ended) == outcome{S_OK, vmTaskResult_UnexpectedError});
}

TEST_CASE("a task has an id and a description", "[virtual_server][task]")
{
    engine engine;
    const task<> first = engine.post([](task_context&) {}, {.description = "Größe ändern"});
    const task<> second = engine.post([](task_context&) {});
    const IVMTaskPtr task = wrap_task(first);

    CHECK(get(task, &IVMTask::get_ID) == static_cast<long>(first.id()));
    CHECK(get(wrap_task(second), &IVMTask::get_ID) != static_cast<long>(first.id()));
    const _bstr_t text(get(task, &IVMTask::get_Description), false);
    CHECK(text == L"Gr\u00F6\u00DFe \u00E4ndern");
    CHECK(text.length() == 12);
}

TEST_CASE("a task tells its progress from 0 to 100", "[virtual_server][task]")
{
    test::gate reported;
    test::gate last;
    engine engine({.workers = 1});
    const IVMTaskPtr pointer = wrap_task(engine.post([&](task_context& self) {
        self.report_progress(42, 100);
        reported.hold(self);
        self.report_progress(1.0);
        last.hold(self);
    }));
    IVMTask* const task = pointer;

    REQUIRE(reported.reached());
    CHECK(get(task, &IVMTask::get_PercentCompleted) == 42);
    reported.open();
    REQUIRE(last.reached());
    CHECK(get(task, &IVMTask::get_PercentCompleted) == 99);
    last.open();
    CHECK(task->WaitForCompletion(-1) == S_OK);
    CHECK(get(task, &IVMTask::get_PercentCompleted) == 100);
}

TEST_CASE("a null out pointer is E_POINTER", "[virtual_server][task]")
{
    engine engine;
    const IVMTaskPtr pointer = wrap_task(engine.post([](task_context&) {}));
    IVMTask* const task = pointer;

    CHECK(task->get_Description(nullptr) == E_POINTER);
    CHECK(task->get_ID(nullptr) == E_POINTER);
    CHECK(task->get_IsCancelable(nullptr) == E_POINTER);
    CHECK(task->get_IsComplete(nullptr) == E_POINTER);
    CHECK(task->get_PercentCompleted(nullptr) == E_POINTER);
    CHECK(task->get_Result(nullptr) == E_POINTER);
}

TEST_CASE("a smart pointer throws where the interface returns", "[virtual_server][task]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const IVMTaskPtr task = wrap_task(engine.post([&](task_context& self) {
        self.point_of_no_return();
        gate.hold(self);
    }));
    REQUIRE(gate.reached());
    const auto error_of = [](auto call) {
        try {
            call();
        } catch (const _com_error& error) {
            return error.Error();
        }
        return S_OK;
    };

    CHECK(error_of([&] { task->WaitForCompletion(-2); }) == E_POINTER);
    CHECK(task->raw_WaitForCompletion(-2) == E_POINTER);
    CHECK(error_of([&] { task->Cancel(); }) == E_FAIL);
    CHECK(task->raw_Cancel() == E_FAIL);
    CHECK(error_of([&] { (void)task->GetResult(); }) == E_PENDING);
    CHECK(error_of([&] { return VMTaskResult(task->Result) == vmTaskResult_Success; }) == E_PENDING);
    CHECK(task->WaitForCompletion(0) == S_OK);
    gate.open();
}

TEST_CASE("a task may be used from several threads", "[virtual_server][task]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const IVMTaskPtr task = wrap_task(engine.post([&](task_context& self) { gate.hold(self); }));
    std::atomic<int> completed{0};
    const auto watch_and_wait = [&completed, &task] {
        for (int turn = 0; turn < 100; ++turn) (void)task->GetPercentCompleted();
        if (task->WaitForCompletion(-1) == S_OK && task->IsComplete == VARIANT_TRUE) ++completed;
    };

    std::array<std::thread, 4> threads;
    for (std::thread& thread : threads) thread = std::thread(watch_and_wait);
    gate.open();
    for (std::thread& thread : threads) thread.join();

    CHECK(completed == 4);
}

TEST_CASE("a task outlives its engine", "[virtual_server][task]")
{
    test::gate gate;
    std::optional<engine> engine(std::in_place, engine_options{.workers = 1});
    const IVMTaskPtr task = wrap_task(engine->post([&](task_context& self) { gate.hold(self); }));

    engine.reset();

    CHECK(task->WaitForCompletion(-1) == S_OK);
    CHECK(result_of(task) == outcome{S_OK, vmTaskResult_Cancelled});
}

TEST_CASE("truth values and results have the reference's numbers", "[virtual_server][task]")
{
    STATIC_REQUIRE(VARIANT_TRUE == -1);
    STATIC_REQUIRE(VARIANT_FALSE == 0);
    STATIC_REQUIRE(sizeof(VARIANT_BOOL) == 2);
    STATIC_REQUIRE(vmTaskResult_Success == 0);
    STATIC_REQUIRE(vmTaskResult_Cancelled == 1);
    STATIC_REQUIRE(vmTaskResult_UnexpectedError == 2);
    STATIC_REQUIRE(vmTaskResult_OutOfMemoryError == 3);
    STATIC_REQUIRE(vmTaskResult_DiskRelatedError == 4);
    STATIC_REQUIRE(vmTaskResult_IncompatibleSavedStateError == 5);
    STATIC_REQUIRE(vmTaskResult_TimeOutError == 6);
    STATIC_REQUIRE(vmTaskResult_IllegalValueError == 7);
    STATIC_REQUIRE(vmTaskResult_ThreadCrashError == 8);
}

TEST_CASE("an empty handle is no task", "[virtual_server][task]")
{
    CHECK_THROWS_AS(wrap_task(task_handle()), _com_error);
}
