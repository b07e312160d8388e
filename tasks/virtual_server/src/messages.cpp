// SPDX-License-Identifier: BSL-1.0

#include "error_codes.hpp"

#include <algorithm>
#include <iterator>

namespace vmtask::virtual_server {

namespace {

struct message {
    HRESULT result;
    const char* text;
};

constexpr message messages[] = {
    {S_OK, "The call succeeded."},
    {S_FALSE, "The call succeeded, and there is nothing."},
    {E_PENDING, "The task has not ended yet."},
    {E_NOTIMPL, "This is not there: it needs a hypervisor, or what only Windows has."},
    {E_NOINTERFACE, "The object has no such interface."},
    {E_POINTER, "A pointer is null, or a number out of its range."},
    {E_ABORT, "The task was cancelled."},
    {E_FAIL, "This cannot be done now."},
    {E_OUTOFMEMORY, "There is not enough memory."},
    {E_INVALIDARG, "An argument is not possible."},
    {DISP_E_TYPEMISMATCH, "The value is of a type that this cannot be made from."},
    {DISP_E_EXCEPTION, "Something unexpected happened."},
    {DISP_E_OVERFLOW, "The value is out of the range of the type asked for."},
    {DISP_E_BADINDEX, "The collection has nothing of this index."},
    {E_FILE_NOT_FOUND, "There is no such file."},
    {E_PATH_NOT_FOUND, "There is no such folder."},
    {E_ACCESSDENIED, "Access is denied."},
    {E_INVALID_DRIVE, "There is no such drive."},
    {E_SHARING_VIOLATION, "The file is in use."},
    {E_BUFFER_OVERFLOW, "The file name is too long."},
    {E_DISK_FULL, "There is not enough space for the file."},
    {E_INVALID_NAME, "The file name has characters that are not possible."},
    {E_BAD_PATHNAME, "The path is empty or not absolute."},
    {E_ALREADY_EXISTS, "There is a file of this name already."},
    {VM_E_TIMED_OUT, "It took longer than it was allowed to."},
    {VM_E_OUT_OF_RESOURCE, "The system has too little of something."},
    {VM_E_TOO_MANY_VMS, "There are too many virtual machines."},
    {VM_E_VM_NOT_RUNNING, "The virtual machine is not running."},
    {VM_E_VM_UNKNOWN, "There is no such virtual machine."},
    {VM_E_OUT_OF_RESERVE, "No more of the system can be reserved."},
    {VM_E_APP_SHUTTING_DOWN, "The server is shutting down."},
    {VM_E_SCRIPT_ALREADY_EXISTS, "There is such a script already."},
    {VM_E_VM_RUNNING_OR_SAVED, "The virtual machine is running or saved."},
    {VM_E_VM_RUNNING, "The virtual machine is running."},
    {VM_E_VM_NO_SAVED_STATE, "The virtual machine has no saved state."},
    {VM_E_DRIVE_INVALID, "There is no such drive in the virtual machine."},
    {VM_E_DRIVE_BUS_LOC_IN_USE, "This place on the bus is taken."},
    {VM_E_ADDITIONS_NOT_AVAIL, "The guest has no additions."},
    {VM_E_ADDITIONS_FEATURE_NOT_AVAIL, "The guest's additions cannot do this."},
    {VM_E_VM_PAUSED, "The virtual machine is paused."},
    {VM_E_PARENT_PATH_NOT_FOUND, "The disk's parent is not where it should be."},
    {VM_E_FILE_TOO_LARGE_FOR_VOLUME, "The file system does not take files of this size."},
    {VM_E_FILE_READ_ONLY, "The file is read-only."},
    {VM_E_WRONG_HD_IMAGE_TYPE, "The disk is of a type that this cannot be done with."},
    {VM_E_HD_IMAGE_OPEN_FAIL, "The disk image cannot be opened."},
    {VM_E_HOST_DRIVE_NOT_FOUND, "The host has no such drive."},
    {VM_E_HD_IMAGE_ACCESS, "The disk image cannot be accessed."},
    {VM_E_INVALID_HD_FILE, "The file is not a sound disk image."},
    {VM_E_IMAGE_SIZE_TOO_LARGE, "The disk would be too large; 2,088,960 MB are possible."},
    {VM_E_IMAGE_SIZE_TOO_SMALL, "The disk would be too small; 3 MB are possible."},
    {VM_E_PARENT_CHILD_ID_MISMATCH, "This is not the parent that the disk was made from."},
    {VM_E_UNSUPPORTED_HD_DISK_TYPE, "Disks of this type are not supported."},
    {VM_E_PARENT_MODIFIED, "The disk's parent has been changed."},
};

} // namespace

const char* message_of(HRESULT result) noexcept
{
    const auto* const found = std::ranges::find(messages, result, &message::result);
    return found == std::end(messages) ? nullptr : found->text;
}

} // namespace vmtask::virtual_server
