// SPDX-License-Identifier: BSL-1.0

#include <vmtask/c_api/task.h>

#include "codes.hpp"
#include "guarded.hpp"
#include "handles.hpp"
#include "structs.hpp"

#include <vmtask/progress.hpp>
#include <vmtask/task_state.hpp>
#include <vmtask/time_limits.hpp>
#include <vmtask/wait_status.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <system_error>
#include <utility>

namespace c_api = vmtask::c_api;

static_assert(VMTASK_STATE_QUEUED == static_cast<int>(vmtask::task_state::queued));
static_assert(VMTASK_STATE_RUNNING == static_cast<int>(vmtask::task_state::running));
static_assert(VMTASK_STATE_PAUSED == static_cast<int>(vmtask::task_state::paused));
static_assert(VMTASK_STATE_SUCCEEDED == static_cast<int>(vmtask::task_state::succeeded));
static_assert(VMTASK_STATE_FAILED == static_cast<int>(vmtask::task_state::failed));
static_assert(VMTASK_STATE_CANCELLED == static_cast<int>(vmtask::task_state::cancelled));

namespace {

constexpr std::array limits{
    std::pair(VMTASK_LIMIT_QUEUED, vmtask::limit_kind::queued),
    std::pair(VMTASK_LIMIT_RUNNING, vmtask::limit_kind::running),
    std::pair(VMTASK_LIMIT_TOTAL, vmtask::limit_kind::total),
    std::pair(VMTASK_LIMIT_WITHOUT_PROGRESS, vmtask::limit_kind::without_progress),
};

const vmtask::task_handle& handle_of(const vmtask_task* task)
{
    return c_api::require(task, "task is null")->handle;
}

vmtask_task_info info_of(const vmtask::task_handle& task)
{
    vmtask_task_info info{};
    info.id = task.id();
    info.description = task.description().c_str();
    // The flags first: one that says "ended" is then true of the state, too.
    info.is_complete = task.is_complete();
    info.is_cancelable = task.is_cancelable();
    info.cancel_requested = task.cancel_requested();
    info.percent_completed = task.percent_completed();
    info.state = static_cast<vmtask_state>(task.state());
    info.result = c_api::status_of(task.error());
    for (const auto& [limit, kind] : limits)
        if (task.has_passed(kind)) info.limits_passed = static_cast<std::uint8_t>(info.limits_passed | limit);
    return info;
}

/// Leaves the reason of a task that has not succeeded with the thread.
vmtask_status fail_by(const vmtask::task_handle& task, std::error_code error)
{
    const vmtask_status status = c_api::status_of(error);
    const std::exception_ptr thrown = task.exception();
    if (!thrown) return c_api::fail(status);
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception& failure) {
        return c_api::fail(status, failure.what(), c_api::system_error_of(error));
    } catch (...) {
        return c_api::fail(status);
    }
}

} // namespace

vmtask_task* vmtask_task_retain(vmtask_task* task)
{
    if (task != nullptr) task->retain();
    return task;
}

void vmtask_task_release(vmtask_task* task)
{
    if (task != nullptr) task->release();
}

const char* vmtask_state_name(vmtask_state state)
{
    if (state < VMTASK_STATE_QUEUED || state > VMTASK_STATE_CANCELLED) return "unknown";
    return to_string(static_cast<vmtask::task_state>(state)).data();
}

vmtask_status vmtask_task_get_info(const vmtask_task* task, vmtask_task_info* info)
{
    return c_api::guarded([&] {
        c_api::require(info, "there is no place for the info");
        c_api::report_to(info, info_of(handle_of(task)));
    });
}

vmtask_status vmtask_task_get_progress(const vmtask_task* task, vmtask_progress* progress)
{
    return c_api::guarded([&] {
        c_api::require(progress, "there is no place for the progress");
        const vmtask::progress_snapshot snapshot = handle_of(task).progress();
        vmtask_progress known{};
        known.fraction = snapshot.fraction;
        known.done = snapshot.done;
        known.total = snapshot.total;
        known.units_per_second = snapshot.units_per_second.value_or(-1);
        known.time_left_ms = snapshot.time_left.value_or(std::chrono::milliseconds(-1)).count();
        c_api::copy_text(known.unit, snapshot.unit);
        c_api::copy_text(known.step, snapshot.step);
        c_api::report_to(progress, known);
    });
}

vmtask_status vmtask_task_result(const vmtask_task* task)
{
    if (task == nullptr) return c_api::fail(VMTASK_E_INVALID_ARGUMENT, "task is null");
    const std::error_code error = task->handle.error();
    return error ? fail_by(task->handle, error) : VMTASK_OK;
}

vmtask_status vmtask_task_request_cancel(vmtask_task* task)
{
    return c_api::guarded([&] { return c_api::status_of(handle_of(task).request_cancel()); });
}

vmtask_status vmtask_task_pause(vmtask_task* task)
{
    return c_api::guarded([&] { return c_api::status_of(handle_of(task).pause()); });
}

vmtask_status vmtask_task_resume(vmtask_task* task)
{
    return c_api::guarded([&] { return c_api::status_of(handle_of(task).resume()); });
}

vmtask_status vmtask_task_wait(const vmtask_task* task, int64_t timeout_ms)
{
    return c_api::guarded([&]() -> vmtask_status {
        switch (handle_of(task).wait_for_completion(std::chrono::milliseconds(timeout_ms))) {
        case vmtask::wait_status::completed: return VMTASK_OK;
        case vmtask::wait_status::timed_out: return VMTASK_E_TIMED_OUT;
        case vmtask::wait_status::would_deadlock: return VMTASK_E_WOULD_DEADLOCK;
        case vmtask::wait_status::no_worker: return VMTASK_E_NO_WORKER;
        }
        return VMTASK_E_INTERNAL;
    });
}
