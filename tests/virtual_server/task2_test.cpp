// SPDX-License-Identifier: BSL-1.0

#include <VsComInterfaces.h>

#include "support/catch.hpp"
#include "support/gate.hpp"

#include <vmtask/engine.hpp>
#include <vmtask/vhd/error.hpp>

#include <array>
#include <cerrno>
#include <functional>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

using namespace vmtask;
using virtual_server::wrap_task;

namespace {

struct failure {
    long code;
    std::string description;

    friend bool operator==(const failure&, const failure&) = default;
};

/// What a task says whose body is this.
failure failure_of_body(std::function<void(task_context&)> work)
{
    engine engine({.workers = 1});
    const IVMTask2Ptr task = wrap_task(engine.post(std::move(work)));
    REQUIRE(task->WaitForCompletion(-1) == S_OK);
    return {task->Error, static_cast<const char*>(task->GetErrorDescription())};
}

long code_of_failure(std::error_code code)
{
    return failure_of_body([code](task_context&) { throw std::system_error(code); }).code;
}

} // namespace

TEST_CASE("every task has IVMTask2, which is the same object", "[virtual_server][task2]")
{
    engine engine;
    const IVMTaskPtr task = wrap_task(engine.post([](task_context&) {}));
    const IVMTask2Ptr task2 = task;
    IVMTask* const plain = task2;

    REQUIRE(task2 != nullptr);
    CHECK(plain == task);
    CHECK(task2->GetID() == task->GetID());
    CHECK(IVMTask2Ptr(plain) == task2);
    CHECK(IVMTaskPtr(task2) == task);
    CHECK(IUnknownPtr(task2) == IUnknownPtr(task));
    CHECK(IVMHardDiskPtr(task2) == nullptr);
}

TEST_CASE("a task that has succeeded has no error", "[virtual_server][task2]")
{
    CHECK(failure_of_body([](task_context&) {}) == failure{S_OK, ""});
}

TEST_CASE("a task that was cancelled says so as its error", "[virtual_server][task2]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const IVMTask2Ptr task = wrap_task(engine.post([&](task_context& self) { gate.hold(self); }));
    task->Cancel();
    task->WaitForCompletion(-1);

    CHECK(task->Error == E_ABORT);
    CHECK(task->GetErrorDescription().length() > 0);
}

TEST_CASE("a task that failed has the code of its failure, and the reason in full", "[virtual_server][task2]")
{
    const failure failed =
        failure_of_body([](task_context&) { throw std::system_error(vhd::errc::blocks_overlap, "/disks/a.vhd"); });
    CHECK(failed.code == VM_E_INVALID_HD_FILE);
    CHECK_THAT(failed.description, Catch::Matchers::StartsWith("/disks/a.vhd: two blocks share a place"));

    CHECK(failure_of_body([](task_context&) { throw std::runtime_error("the reason"); })
          == failure{DISP_E_EXCEPTION, "the reason"});
    const failure other = failure_of_body([](task_context&) { throw 1; });
    CHECK(other.code == DISP_E_EXCEPTION);
    CHECK_FALSE(other.description.empty());
    CHECK(failure_of_body([](task_context&) { throw std::bad_alloc(); }).code == E_OUTOFMEMORY);
}

TEST_CASE("errors of disks and of the system have the reference's codes", "[virtual_server][task2]")
{
    CHECK(code_of_failure(vhd::errc::no_such_file) == E_FILE_NOT_FOUND);
    CHECK(code_of_failure(vhd::errc::already_exists) == E_ALREADY_EXISTS);
    CHECK(code_of_failure(vhd::errc::access_denied) == E_ACCESSDENIED);
    CHECK(code_of_failure(vhd::errc::read_only) == VM_E_FILE_READ_ONLY);
    CHECK(code_of_failure(vhd::errc::in_use) == E_SHARING_VIOLATION);
    CHECK(code_of_failure(vhd::errc::saved_state) == E_SHARING_VIOLATION);
    CHECK(code_of_failure(vhd::errc::not_differencing) == VM_E_WRONG_HD_IMAGE_TYPE);
    CHECK(code_of_failure(vhd::errc::parent_not_found) == VM_E_PARENT_PATH_NOT_FOUND);
    CHECK(code_of_failure(vhd::errc::wrong_parent) == VM_E_PARENT_CHILD_ID_MISMATCH);
    CHECK(code_of_failure(vhd::errc::unusable_parent_name) == E_INVALID_NAME);
    CHECK(code_of_failure(vhd::errc::disk_too_full) == VM_E_FILE_TOO_LARGE_FOR_VOLUME);
    CHECK(code_of_failure(vhd::errc::no_locks) == DISP_E_EXCEPTION);
    // Equal to operation_not_permitted, but of no file.
    CHECK(code_of_failure(errc::not_cancelable) == DISP_E_EXCEPTION);
    CHECK(code_of_failure(vhd::errc::not_a_vhd) == VM_E_INVALID_HD_FILE);

    CHECK(code_of_failure({ENOSPC, std::system_category()}) == E_DISK_FULL);
    CHECK(code_of_failure({EDQUOT, std::system_category()}) == E_DISK_FULL);
    CHECK(code_of_failure({EFBIG, std::system_category()}) == VM_E_FILE_TOO_LARGE_FOR_VOLUME);
    CHECK(code_of_failure({EEXIST, std::generic_category()}) == E_ALREADY_EXISTS);
    CHECK(code_of_failure({EROFS, std::generic_category()}) == VM_E_FILE_READ_ONLY);
    CHECK(code_of_failure({ENOMEM, std::generic_category()}) == E_OUTOFMEMORY);
    CHECK(code_of_failure({EIO, std::system_category()}) == DISP_E_EXCEPTION);
    CHECK(code_of_failure(errc::timed_out) == VM_E_TIMED_OUT);
    CHECK(code_of_failure({ETIMEDOUT, std::generic_category()}) == VM_E_TIMED_OUT);
}

TEST_CASE("the error of a task that has not ended never reads as none", "[virtual_server][task2]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const IVMTask2Ptr pointer = wrap_task(engine.post([&](task_context& self) { gate.hold(self); }));
    IVMTask2* const task = pointer;

    long code = S_OK;
    CHECK(task->get_Error(&code) == E_PENDING);
    CHECK(code == E_PENDING);
    BSTR text = _bstr_t(L"something").GetBSTR();
    CHECK(task->get_ErrorDescription(&text) == E_PENDING);
    CHECK(text == nullptr);
    CHECK_THROWS_AS(pointer->GetError(), _com_error);
    CHECK_THROWS_AS(pointer->GetErrorDescription(), _com_error);
    gate.open();
}

TEST_CASE("null out pointers of IVMTask2 are E_POINTER", "[virtual_server][task2]")
{
    engine engine;
    const IVMTask2Ptr task = wrap_task(engine.post([](task_context&) {}));

    CHECK(task->get_Error(nullptr) == E_POINTER);
    CHECK(task->get_ErrorDescription(nullptr) == E_POINTER);
}

TEST_CASE("several threads read why a task failed", "[virtual_server][task2]")
{
    engine engine;
    const IVMTask2Ptr task = wrap_task(
        engine.post([](task_context&) { throw std::system_error(vhd::errc::blocks_overlap, "/disks/a.vhd"); }));
    std::array<std::string, 4> reasons;
    std::array<std::thread, 4> threads;
    for (std::size_t i = 0; i < threads.size(); ++i)
        threads[i] = std::thread([&, i] {
            task->WaitForCompletion(-1);
            reasons[i] = static_cast<const char*>(task->GetErrorDescription());
        });
    for (std::thread& thread : threads) thread.join();

    for (const std::string& reason : reasons) CHECK(reason == reasons[0]);
    CHECK_FALSE(reasons[0].empty());
}
