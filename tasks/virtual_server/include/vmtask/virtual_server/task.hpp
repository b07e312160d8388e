// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/bstr.hpp>
#include <vmtask/virtual_server/calls.hpp>
#include <vmtask/virtual_server/com_ptr.hpp>
#include <vmtask/virtual_server/hresult.hpp>
#include <vmtask/virtual_server/unknown.hpp>
#include <vmtask/virtual_server/variant.hpp>

namespace vmtask {
class task_handle;
}

/// How a task ended.
enum VMTaskResult {
    vmTaskResult_Success = 0,
    vmTaskResult_Cancelled = 1,
    vmTaskResult_UnexpectedError = 2,
    vmTaskResult_OutOfMemoryError = 3,
    vmTaskResult_DiskRelatedError = 4,            ///< the image, its file, or the device under it
    vmTaskResult_IncompatibleSavedStateError = 5, ///< not used: no task here restores one
    vmTaskResult_TimeOutError = 6,                ///< a time limit within the task; no wait ends a task
    vmTaskResult_IllegalValueError = 7,           ///< not used: no task here reads preferences
    vmTaskResult_ThreadCrashError = 8,            ///< not used: what a body throws ends its task, never a thread
};

/// Our own: the reference's is not published.
constexpr IID IID_IVMTask = {0x5f0c6a3e, 0x8d27, 0x4b1c, {0x9a, 0x41, 0x3e, 0x70, 0xd2, 0x6b, 0x15, 0xc8}};

/// Work that goes on by itself: watch it, wait for it, ask it to stop.
///
/// Letting go of it does not stop it. All members return DISP_E_EXCEPTION when
/// something unexpected happens, and getters E_POINTER for a null `value`.
struct IVMTask : IUnknown {
    /// Blocks until the task has ended or `timeout` milliseconds have passed:
    /// 0 to 4,000,000, or -1 for no limit.
    ///
    /// S_OK says that the wait is over, not that the task has ended, let alone
    /// well: get_IsComplete and get_Result say that.
    ///
    /// Errors: E_POINTER for any other `timeout`, at once; DISP_E_EXCEPTION, at
    /// once, when the wait could never end, as for a task that waits for itself.
    virtual HRESULT WaitForCompletion(long timeout) = 0;

    /// Asks the task to stop, and returns at once. It stops where it can leave
    /// everything whole, unless it gets to its end first. Asking again is
    /// harmless.
    ///
    /// Errors: E_FAIL when it has ended or is past the point where it could stop.
    virtual HRESULT Cancel() = 0;

    /// What the task does, for people. The caller frees *value.
    virtual HRESULT get_Description(BSTR* value) = 0;

    /// Unique among the tasks of one engine.
    virtual HRESULT get_ID(long* value) = 0;

    /// VARIANT_TRUE while Cancel would be accepted.
    virtual HRESULT get_IsCancelable(VARIANT_BOOL* value) = 0;

    /// VARIANT_TRUE when the task has ended, however it did. What it had open
    /// is closed by then.
    virtual HRESULT get_IsComplete(VARIANT_BOOL* value) = 0;

    /// 0 to 100. Never falls; 100 only when the task has succeeded.
    virtual HRESULT get_PercentCompleted(long* value) = 0;

    /// How the task ended. While it has not, *value is UnexpectedError and the
    /// result E_PENDING, so that nobody takes it for a success.
    virtual HRESULT get_Result(VMTaskResult* value) = 0;

protected:
    ~IVMTask() = default;
};

namespace vmtask {
namespace virtual_server {

template <>
struct interface_id<IVMTask> {
    static constexpr IID value() noexcept { return IID_IVMTask; }
};

/// What `IVMTaskPtr::operator->` offers.
template <>
class calls<IVMTask> : public common_calls<IVMTask> {
public:
    calls(IVMTask* task) noexcept
        : common_calls(task),
          Description(task),
          ID(task),
          IsCancelable(task),
          IsComplete(task),
          PercentCompleted(task),
          Result(task)
    {
    }
    const calls* operator->() const noexcept { return this; }

    // These throw _com_error.
    HRESULT WaitForCompletion(long timeout) const { return check(object_->WaitForCompletion(timeout)); }
    HRESULT Cancel() const { return check(object_->Cancel()); }
    _bstr_t GetDescription() const { return Description; }
    long GetID() const { return ID; }
    VARIANT_BOOL GetIsCancelable() const { return IsCancelable; }
    VARIANT_BOOL GetIsComplete() const { return IsComplete; }
    long GetPercentCompleted() const { return PercentCompleted; }
    VMTaskResult GetResult() const { return Result; }

    // These return it.
    HRESULT raw_WaitForCompletion(long timeout) const { return object_->WaitForCompletion(timeout); }
    HRESULT raw_Cancel() const { return object_->Cancel(); }
    HRESULT get_Description(BSTR* value) const { return object_->get_Description(value); }
    HRESULT get_ID(long* value) const { return object_->get_ID(value); }
    HRESULT get_IsCancelable(VARIANT_BOOL* value) const { return object_->get_IsCancelable(value); }
    HRESULT get_IsComplete(VARIANT_BOOL* value) const { return object_->get_IsComplete(value); }
    HRESULT get_PercentCompleted(long* value) const { return object_->get_PercentCompleted(value); }
    HRESULT get_Result(VMTaskResult* value) const { return object_->get_Result(value); }

    // Read as values; reading throws _com_error.
    property<IVMTask, BSTR, &IVMTask::get_Description> Description;
    property<IVMTask, long, &IVMTask::get_ID> ID;
    property<IVMTask, VARIANT_BOOL, &IVMTask::get_IsCancelable> IsCancelable;
    property<IVMTask, VARIANT_BOOL, &IVMTask::get_IsComplete> IsComplete;
    property<IVMTask, long, &IVMTask::get_PercentCompleted> PercentCompleted;
    property<IVMTask, VMTaskResult, &IVMTask::get_Result> Result;
};

} // namespace virtual_server
} // namespace vmtask

using IVMTaskPtr = _com_ptr_t<IVMTask>;

namespace vmtask {
namespace virtual_server {

/// Shows any task of an engine to code that knows IVMTask. The object may
/// outlive the engine. Throws _com_error(E_POINTER) for an empty handle.
IVMTaskPtr wrap_task(const task_handle& task);

} // namespace virtual_server
} // namespace vmtask
