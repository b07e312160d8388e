// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/bstr.hpp>
#include <vmtask/virtual_server/calls.hpp>
#include <vmtask/virtual_server/com_ptr.hpp>
#include <vmtask/virtual_server/hresult.hpp>
#include <vmtask/virtual_server/task.hpp>
#include <vmtask/virtual_server/unknown.hpp>
#include <vmtask/virtual_server/variant.hpp>

/// How a disk keeps its data.
enum VMHardDiskType {
    vmDiskType_Dynamic = 0,
    vmDiskType_FixedSize = 1,
    vmDiskType_Differencing = 2,
    vmDiskType_HostDrive = 4, ///< not used: disks of the host are not known here
};

/// Our own: the reference's are not published.
constexpr IID IID_IVMSecurity = {0xe5c83f17, 0xa294, 0x4d0b, {0x86, 0x31, 0x0f, 0xb2, 0xd8, 0x57, 0x4c, 0x9e}};
constexpr IID IID_IVMHardDisk = {0xb3a1d7f4, 0x2c58, 0x4e96, {0x8f, 0x0d, 0x61, 0xc9, 0x47, 0xea, 0x52, 0x1b}};

/// Who may do what, as Windows has it. There are no objects of this type.
struct IVMSecurity : IUnknown {
protected:
    ~IVMSecurity() = default;
};

/// A virtual hard disk: a VHD file, named by its path. It is not open meanwhile.
///
/// The methods that start a task answer at once what they can, with *task null
/// after an error; what happens later is in the task. The files that they work on
/// are opened and locked in the call, and closed when the task has ended.
///
/// Errors of all members: E_POINTER for null pointers; E_FILE_NOT_FOUND when the
/// file is gone; E_ACCESSDENIED; VM_E_INVALID_HD_FILE for anything but a sound VHD
/// image; DISP_E_EXCEPTION when something unexpected happens. Of those that start
/// a task: E_SHARING_VIOLATION when a file is in use, also by a task, or belongs
/// to a saved state; VM_E_APP_SHUTTING_DOWN.
struct IVMHardDisk : IUnknown {
    /// Starts to make the file as short as its data allows, in place; the disk
    /// stays whole however this ends.
    ///
    /// Errors besides: VM_E_WRONG_HD_IMAGE_TYPE for a disk that is not dynamic;
    /// VM_E_FILE_READ_ONLY.
    virtual HRESULT Compact(IVMTask** task) = 0;

    /// Starts to write what the disk shows, over its parents if it has any, as a
    /// new dynamic or fixed disk without a parent, which appears whole under its
    /// name or not at all. This disk stays as it is.
    ///
    /// Errors besides: VM_E_WRONG_HD_IMAGE_TYPE for any other `type`;
    /// E_BAD_PATHNAME for an empty or relative path; E_INVALID_NAME;
    /// E_BUFFER_OVERFLOW; E_PATH_NOT_FOUND when there is no such folder;
    /// E_ALREADY_EXISTS; E_DISK_FULL when there is not the space for a fixed disk,
    /// or less than 8 MB; VM_E_PARENT_PATH_NOT_FOUND; VM_E_PARENT_CHILD_ID_MISMATCH
    /// when what is there in the parent's place is another disk.
    virtual HRESULT Convert(BSTR path, VMHardDiskType type, IVMTask** task) = 0;

    /// Starts to put a differencing disk's data into its parent; when that is
    /// durable there, the differencing disk's file is removed. Until then it can go
    /// on being used, and merging it again finishes the work.
    ///
    /// Errors besides: VM_E_WRONG_HD_IMAGE_TYPE for a disk that is not
    /// differencing; VM_E_FILE_READ_ONLY when it, or its parent, is;
    /// VM_E_PARENT_PATH_NOT_FOUND; VM_E_PARENT_CHILD_ID_MISMATCH.
    virtual HRESULT Merge(IVMTask** task) = 0;

    /// As Convert, for differencing disks alone: VM_E_WRONG_HD_IMAGE_TYPE for
    /// others. An empty path is E_INVALIDARG.
    virtual HRESULT MergeTo(BSTR path, VMHardDiskType type, IVMTask** task) = 0;

    /// The path that GetHardDisk was given. The caller frees *value. Does not look
    /// at the file.
    virtual HRESULT get_File(BSTR* value) = 0;

    /// Also while a task works on the disk.
    virtual HRESULT get_Type(VMHardDiskType* value) = 0;

    /// What the guest sees, in bytes, as VT_DECIMAL. Also while a task works on it.
    virtual HRESULT get_SizeInGuest(VARIANT* value) = 0;

    /// How long the file is, in bytes, as VT_DECIMAL. Also while a task works on it.
    virtual HRESULT get_SizeOnHost(VARIANT* value) = 0;

    /// How much its file system has left for us, in bytes, as VT_DECIMAL.
    virtual HRESULT get_HostFreeDiskSpace(VARIANT* value) = 0;

    /// The disk that a differencing disk was made from; S_FALSE, and null, of others.
    ///
    /// Errors besides: VM_E_PARENT_PATH_NOT_FOUND; VM_E_PARENT_CHILD_ID_MISMATCH
    /// when what is there is another disk; E_SHARING_VIOLATION while somebody
    /// writes to either.
    virtual HRESULT get_Parent(IVMHardDisk** value) = 0;

    /// Makes this disk look for its parent where `parent` is, in place; at every
    /// moment it looks there or where it did before. What the parent's own parents
    /// lack is no business of this disk's.
    ///
    /// Errors besides: VM_E_PARENT_CHILD_ID_MISMATCH when it is not the disk that
    /// this one was made from; VM_E_WRONG_HD_IMAGE_TYPE when this one is not
    /// differencing; VM_E_FILE_READ_ONLY; E_SHARING_VIOLATION while somebody has
    /// this one open, or writes to the other; E_DISK_FULL when a few sectors are
    /// too much.
    virtual HRESULT put_Parent(IVMHardDisk* parent) = 0;

    /// S_FALSE, and null: disks of the host are not known here.
    virtual HRESULT get_HostDriveIdentifier(BSTR* value) = 0;

    /// E_NOTIMPL: there are no access lists here; see to the file's permissions.
    virtual HRESULT get_Security(IVMSecurity** value) = 0;

protected:
    ~IVMHardDisk() = default;
};

namespace vmtask {
namespace virtual_server {

template <>
struct interface_id<IVMSecurity> {
    static constexpr IID value() noexcept { return IID_IVMSecurity; }
};

template <>
struct interface_id<IVMHardDisk> {
    static constexpr IID value() noexcept { return IID_IVMHardDisk; }
};

/// What `IVMHardDiskPtr::operator->` offers.
template <>
class calls<IVMHardDisk> : public common_calls<IVMHardDisk> {
public:
    calls(IVMHardDisk* disk) noexcept
        : common_calls(disk),
          File(disk),
          Type(disk),
          SizeInGuest(disk),
          SizeOnHost(disk),
          HostFreeDiskSpace(disk),
          Parent(disk),
          HostDriveIdentifier(disk),
          Security(disk)
    {
    }
    const calls* operator->() const noexcept { return this; }

    // These throw _com_error.
    IVMTaskPtr Compact() const { return fetch(*object_, &IVMHardDisk::Compact); }
    IVMTaskPtr Convert(const _bstr_t& path, VMHardDiskType type) const
    {
        IVMTask* task = nullptr;
        check(object_->Convert(path, type, &task));
        return {task, false};
    }
    IVMTaskPtr Merge() const { return fetch(*object_, &IVMHardDisk::Merge); }
    IVMTaskPtr MergeTo(const _bstr_t& path, VMHardDiskType type) const
    {
        IVMTask* task = nullptr;
        check(object_->MergeTo(path, type, &task));
        return {task, false};
    }
    _bstr_t GetFile() const { return File; }
    VMHardDiskType GetType() const { return Type; }
    _variant_t GetSizeInGuest() const { return SizeInGuest; }
    _variant_t GetSizeOnHost() const { return SizeOnHost; }
    _variant_t GetHostFreeDiskSpace() const { return HostFreeDiskSpace; }
    _com_ptr_t<IVMHardDisk> GetParent() const { return Parent; }
    void PutParent(IVMHardDisk* parent) const { Parent = parent; }
    _bstr_t GetHostDriveIdentifier() const { return HostDriveIdentifier; }
    _com_ptr_t<IVMSecurity> GetSecurity() const { return Security; }

    // These return it.
    HRESULT Compact(IVMTask** task) const { return object_->Compact(task); }
    HRESULT raw_Compact(IVMTask** task) const { return object_->Compact(task); }
    HRESULT raw_Convert(BSTR path, VMHardDiskType type, IVMTask** task) const
    {
        return object_->Convert(path, type, task);
    }
    HRESULT raw_Merge(IVMTask** task) const { return object_->Merge(task); }
    HRESULT raw_MergeTo(BSTR path, VMHardDiskType type, IVMTask** task) const
    {
        return object_->MergeTo(path, type, task);
    }
    HRESULT get_File(BSTR* value) const { return object_->get_File(value); }
    HRESULT get_Type(VMHardDiskType* value) const { return object_->get_Type(value); }
    HRESULT get_SizeInGuest(VARIANT* value) const { return object_->get_SizeInGuest(value); }
    HRESULT get_SizeOnHost(VARIANT* value) const { return object_->get_SizeOnHost(value); }
    HRESULT get_HostFreeDiskSpace(VARIANT* value) const { return object_->get_HostFreeDiskSpace(value); }
    HRESULT get_Parent(IVMHardDisk** value) const { return object_->get_Parent(value); }
    HRESULT put_Parent(IVMHardDisk* parent) const { return object_->put_Parent(parent); }
    HRESULT get_HostDriveIdentifier(BSTR* value) const { return object_->get_HostDriveIdentifier(value); }
    HRESULT get_Security(IVMSecurity** value) const { return object_->get_Security(value); }

    // Read, and one of them set, as values; both throw _com_error.
    property<IVMHardDisk, BSTR, &IVMHardDisk::get_File> File;
    property<IVMHardDisk, VMHardDiskType, &IVMHardDisk::get_Type> Type;
    property<IVMHardDisk, VARIANT, &IVMHardDisk::get_SizeInGuest> SizeInGuest;
    property<IVMHardDisk, VARIANT, &IVMHardDisk::get_SizeOnHost> SizeOnHost;
    property<IVMHardDisk, VARIANT, &IVMHardDisk::get_HostFreeDiskSpace> HostFreeDiskSpace;
    writable_property<IVMHardDisk, IVMHardDisk*, &IVMHardDisk::get_Parent, &IVMHardDisk::put_Parent> Parent;
    property<IVMHardDisk, BSTR, &IVMHardDisk::get_HostDriveIdentifier> HostDriveIdentifier;
    property<IVMHardDisk, IVMSecurity*, &IVMHardDisk::get_Security> Security;
};

} // namespace virtual_server
} // namespace vmtask

using IVMSecurityPtr = _com_ptr_t<IVMSecurity>;
using IVMHardDiskPtr = _com_ptr_t<IVMHardDisk>;
