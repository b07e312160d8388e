// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/bstr.hpp>
#include <vmtask/virtual_server/calls.hpp>
#include <vmtask/virtual_server/com_ptr.hpp>
#include <vmtask/virtual_server/hresult.hpp>
#include <vmtask/virtual_server/task.hpp>
#include <vmtask/virtual_server/unknown.hpp>

/// Our own: the reference's is not published.
constexpr IID IID_IVMHardDisk = {0xb3a1d7f4, 0x2c58, 0x4e96, {0x8f, 0x0d, 0x61, 0xc9, 0x47, 0xea, 0x52, 0x1b}};

/// A virtual hard disk: a VHD file, named by its path. It is not open meanwhile.
///
/// All members return DISP_E_EXCEPTION when something unexpected happens.
struct IVMHardDisk : IUnknown {
    /// Starts to make the file as short as its data allows, in place; the disk
    /// stays whole however this ends. The file is locked from this call on until
    /// the task has ended.
    ///
    /// Errors, of this call: E_POINTER for a null `task`; VM_E_INVALID_HD_FILE
    /// for anything but a sound VHD image; VM_E_WRONG_HD_IMAGE_TYPE for one that
    /// is not dynamic; E_SHARING_VIOLATION when it is in use, also by a task, or
    /// belongs to a saved state; VM_E_FILE_READ_ONLY; E_ACCESSDENIED;
    /// E_FILE_NOT_FOUND when it is gone; VM_E_APP_SHUTTING_DOWN. What happens
    /// later is in the task's Result. *task is null after an error.
    virtual HRESULT Compact(IVMTask** task) = 0;

    /// The path that GetHardDisk was given. The caller frees *value.
    /// Errors: E_POINTER for a null `value`.
    virtual HRESULT get_File(BSTR* value) = 0;

protected:
    ~IVMHardDisk() = default;
};

namespace vmtask {
namespace virtual_server {

template <>
struct interface_id<IVMHardDisk> {
    static constexpr IID value() noexcept { return IID_IVMHardDisk; }
};

/// What `IVMHardDiskPtr::operator->` offers.
template <>
class calls<IVMHardDisk> : public common_calls<IVMHardDisk> {
public:
    calls(IVMHardDisk* disk) noexcept : common_calls(disk), File(disk) {}
    const calls* operator->() const noexcept { return this; }

    // These throw _com_error.
    IVMTaskPtr Compact() const { return fetch(*object_, &IVMHardDisk::Compact); }
    _bstr_t GetFile() const { return File; }

    // These return it.
    HRESULT Compact(IVMTask** task) const { return object_->Compact(task); }
    HRESULT raw_Compact(IVMTask** task) const { return object_->Compact(task); }
    HRESULT get_File(BSTR* value) const { return object_->get_File(value); }

    // Read as a value; reading throws _com_error.
    property<IVMHardDisk, BSTR, &IVMHardDisk::get_File> File;
};

} // namespace virtual_server
} // namespace vmtask

using IVMHardDiskPtr = _com_ptr_t<IVMHardDisk>;
