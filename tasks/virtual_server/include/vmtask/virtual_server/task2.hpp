// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/bstr.hpp>
#include <vmtask/virtual_server/calls.hpp>
#include <vmtask/virtual_server/com_ptr.hpp>
#include <vmtask/virtual_server/hresult.hpp>
#include <vmtask/virtual_server/task.hpp>
#include <vmtask/virtual_server/unknown.hpp>

/// Our own: the reference's is not published.
constexpr IID IID_IVMTask2 = {0xd2417b95, 0x06ce, 0x4f83, {0xa1, 0x5b, 0x7c, 0x39, 0xe8, 0x20, 0x64, 0xfd}};

/// Says in full why a task failed. Every IVMTask of this library has it: assign
/// one to an IVMTask2Ptr.
struct IVMTask2 : IVMTask {
    /// The HRESULT of what failed: the code that the starting call would have
    /// answered, had it been known then. S_OK after a success, E_ABORT after a
    /// cancel, DISP_E_EXCEPTION for what has no code.
    ///
    /// Errors: E_POINTER for a null `value`; E_PENDING while the task has not
    /// ended, and *value is E_PENDING too.
    virtual HRESULT get_Error(long* value) = 0;

    /// Why, in a sentence for people: the file, the reason, what to do. Empty
    /// after a success. The caller frees *value.
    ///
    /// Errors: as get_Error's; *value is null then.
    virtual HRESULT get_ErrorDescription(BSTR* value) = 0;

protected:
    ~IVMTask2() = default;
};

namespace vmtask {
namespace virtual_server {

template <>
struct interface_id<IVMTask2> {
    static constexpr IID value() noexcept { return IID_IVMTask2; }
};

/// What `IVMTask2Ptr::operator->` offers.
template <>
class calls<IVMTask2> : public calls<IVMTask> {
public:
    calls(IVMTask2* task) noexcept : calls<IVMTask>(task), Error(task), ErrorDescription(task), task_(task) {}
    const calls* operator->() const noexcept { return this; }

    // These throw _com_error.
    long GetError() const { return Error; }
    _bstr_t GetErrorDescription() const { return ErrorDescription; }

    // These return it.
    HRESULT get_Error(long* value) const { return task_->get_Error(value); }
    HRESULT get_ErrorDescription(BSTR* value) const { return task_->get_ErrorDescription(value); }

    // Read as values; reading throws _com_error.
    property<IVMTask2, long, &IVMTask2::get_Error> Error;
    property<IVMTask2, BSTR, &IVMTask2::get_ErrorDescription> ErrorDescription;

private:
    IVMTask2* task_;
};

} // namespace virtual_server
} // namespace vmtask

using IVMTask2Ptr = _com_ptr_t<IVMTask2>;
