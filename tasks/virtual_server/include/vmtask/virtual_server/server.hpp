// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/bstr.hpp>
#include <vmtask/virtual_server/calls.hpp>
#include <vmtask/virtual_server/com_ptr.hpp>
#include <vmtask/virtual_server/hard_disk.hpp>
#include <vmtask/virtual_server/hresult.hpp>
#include <vmtask/virtual_server/task.hpp>
#include <vmtask/virtual_server/task_collection.hpp>
#include <vmtask/virtual_server/unknown.hpp>
#include <vmtask/virtual_server/variant.hpp>
#include <vmtask/virtual_server/virtual_machine.hpp>

namespace vmtask {
class engine;
}

/// Our own: the reference's is not published.
constexpr IID IID_IVMVirtualServer = {0x0e94c2b5, 0x71fa, 0x4d03, {0xb6, 0x5c, 0x98, 0x2f, 0xa4, 0x13, 0xd7, 0x6e}};

/// Where disks come from.
struct IVMVirtualServer : IUnknown {
    /// The disk in the file `path`, which is absolute. What is in the file is
    /// looked at when something is asked of the disk.
    ///
    /// Errors: E_POINTER for a null `path` or `disk`; E_BAD_PATHNAME for an empty
    /// or relative path; E_INVALID_NAME for one with characters that no file name
    /// has (zero, or no Unicode); E_BUFFER_OVERFLOW for one longer than the system
    /// takes; E_PATH_NOT_FOUND when there is no such folder; E_FILE_NOT_FOUND when
    /// it has no such file; E_ACCESSDENIED when it may not be searched;
    /// DISP_E_EXCEPTION when something unexpected happens. *disk is null then.
    virtual HRESULT GetHardDisk(BSTR path, IVMHardDisk** disk) = 0;

    // The next three start to make an empty disk, whose file appears whole under its
    // name, or not at all. Its folder is made if it is missing.
    //
    // Errors, of this call: those of GetHardDisk for a path, E_PATH_NOT_FOUND only
    // where there is a file in the way of the folder; E_ALREADY_EXISTS;
    // E_ACCESSDENIED or VM_E_FILE_READ_ONLY when nothing can be made there;
    // E_DISK_FULL when it has less than 8 MB left; VM_E_APP_SHUTTING_DOWN. What
    // happens later is in the task. *task is null after an error.

    /// A dynamic disk of 3 to 2,088,960 MB of 2^20 bytes.
    ///
    /// Errors besides: E_INVALIDARG for a size of 0 or less;
    /// VM_E_IMAGE_SIZE_TOO_SMALL; VM_E_IMAGE_SIZE_TOO_LARGE;
    /// VM_E_FILE_TOO_LARGE_FOR_VOLUME when it could never become that large there.
    virtual HRESULT CreateDynamicVirtualHardDisk(BSTR path, long megabytes, IVMTask** task) = 0;

    /// The same for a fixed disk, which has all its space from the start:
    /// E_DISK_FULL when it is not there.
    virtual HRESULT CreateFixedVirtualHardDisk(BSTR path, long megabytes, IVMTask** task) = 0;

    /// A differencing disk that shows what `parent` does until it is written to.
    /// Each path may be relative to the folder of the other.
    ///
    /// Errors besides: E_BAD_PATHNAME when both are relative; E_PATH_NOT_FOUND when
    /// there is no such parent; VM_E_INVALID_HD_FILE when it is no sound image;
    /// E_SHARING_VIOLATION while somebody writes to it; VM_E_PARENT_PATH_NOT_FOUND
    /// when its own parent is missing.
    virtual HRESULT CreateDifferencingVirtualHardDisk(BSTR path, BSTR parent, IVMTask** task) = 0;

    /// E_NOTIMPL: disks of the host are not known here.
    virtual HRESULT CreateHostDriveVirtualHardDisk(BSTR path, BSTR drive, VARIANT_BOOL read_only, IVMTask** task) = 0;

    /// An object that answers E_NOTIMPL to all that is asked of a machine, whatever
    /// the name, so that code with machines in it compiles. Errors: E_POINTER for
    /// null pointers.
    virtual HRESULT FindVirtualMachine(BSTR name, IVMVirtualMachine** machine) = 0;

    /// The tasks that have not ended, and those that have ended of late: the
    /// last 1024 of the last ten minutes, unless the engine was told otherwise.
    /// Of an engine that others use too, all its tasks.
    ///
    /// Errors: E_POINTER for a null `value`; DISP_E_EXCEPTION.
    virtual HRESULT get_Tasks(IVMTaskCollection** value) = 0;

protected:
    ~IVMVirtualServer() = default;
};

namespace vmtask {
namespace virtual_server {

template <>
struct interface_id<IVMVirtualServer> {
    static constexpr IID value() noexcept { return IID_IVMVirtualServer; }
};

/// What `IVMVirtualServerPtr::operator->` offers.
template <>
class calls<IVMVirtualServer> : public common_calls<IVMVirtualServer> {
public:
    calls(IVMVirtualServer* server) noexcept : common_calls(server), Tasks(server) {}
    const calls* operator->() const noexcept { return this; }

    // These throw _com_error.
    IVMHardDiskPtr GetHardDisk(const _bstr_t& path) const
    {
        IVMHardDisk* disk = nullptr;
        check(object_->GetHardDisk(path, &disk));
        return {disk, false};
    }
    IVMTaskPtr CreateDynamicVirtualHardDisk(const _bstr_t& path, long megabytes) const
    {
        IVMTask* task = nullptr;
        check(object_->CreateDynamicVirtualHardDisk(path, megabytes, &task));
        return {task, false};
    }
    IVMTaskPtr CreateFixedVirtualHardDisk(const _bstr_t& path, long megabytes) const
    {
        IVMTask* task = nullptr;
        check(object_->CreateFixedVirtualHardDisk(path, megabytes, &task));
        return {task, false};
    }
    IVMTaskPtr CreateDifferencingVirtualHardDisk(const _bstr_t& path, const _bstr_t& parent) const
    {
        IVMTask* task = nullptr;
        check(object_->CreateDifferencingVirtualHardDisk(path, parent, &task));
        return {task, false};
    }
    IVMTaskPtr CreateHostDriveVirtualHardDisk(const _bstr_t& path, const _bstr_t& drive, VARIANT_BOOL read_only) const
    {
        IVMTask* task = nullptr;
        check(object_->CreateHostDriveVirtualHardDisk(path, drive, read_only, &task));
        return {task, false};
    }
    IVMVirtualMachinePtr FindVirtualMachine(const _bstr_t& name) const
    {
        IVMVirtualMachine* machine = nullptr;
        check(object_->FindVirtualMachine(name, &machine));
        return {machine, false};
    }
    IVMTaskCollectionPtr GetTasks() const { return Tasks; }

    // These return it.
    HRESULT GetHardDisk(BSTR path, IVMHardDisk** disk) const { return object_->GetHardDisk(path, disk); }
    HRESULT raw_GetHardDisk(BSTR path, IVMHardDisk** disk) const { return object_->GetHardDisk(path, disk); }
    HRESULT raw_CreateDynamicVirtualHardDisk(BSTR path, long megabytes, IVMTask** task) const
    {
        return object_->CreateDynamicVirtualHardDisk(path, megabytes, task);
    }
    HRESULT raw_CreateFixedVirtualHardDisk(BSTR path, long megabytes, IVMTask** task) const
    {
        return object_->CreateFixedVirtualHardDisk(path, megabytes, task);
    }
    HRESULT raw_CreateDifferencingVirtualHardDisk(BSTR path, BSTR parent, IVMTask** task) const
    {
        return object_->CreateDifferencingVirtualHardDisk(path, parent, task);
    }
    HRESULT get_Tasks(IVMTaskCollection** value) const { return object_->get_Tasks(value); }

    // Read as a value; reading throws _com_error.
    property<IVMVirtualServer, IVMTaskCollection*, &IVMVirtualServer::get_Tasks> Tasks;
};

} // namespace virtual_server
} // namespace vmtask

using IVMVirtualServerPtr = _com_ptr_t<IVMVirtualServer>;

namespace vmtask {
namespace virtual_server {

/// A server with an engine of its own, in this process: what CoCreateInstance
/// is in the reference.
///
/// The engine lives as long as any of the server, its disks and their tasks. The
/// last of them to be released asks what still runs to stop, and waits for that.
///
/// Throws _com_error when the system has no threads left to give.
IVMVirtualServerPtr create_server();

/// A server whose tasks run on `where`, which has to outlive the server and its
/// disks, but not their tasks. Once it shuts down, starting anything is
/// VM_E_APP_SHUTTING_DOWN.
IVMVirtualServerPtr create_server(engine& where);

} // namespace virtual_server
} // namespace vmtask
