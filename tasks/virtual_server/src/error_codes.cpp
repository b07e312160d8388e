// SPDX-License-Identifier: BSL-1.0

#include "error_codes.hpp"

#include <vmtask/error.hpp>
#include <vmtask/vhd/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>

namespace vmtask::virtual_server {

namespace {

HRESULT from_disk_error(vhd::errc error) noexcept
{
    switch (error) {
    case vhd::errc::no_such_file: return E_FILE_NOT_FOUND;
    case vhd::errc::access_denied: return E_ACCESSDENIED;
    case vhd::errc::read_only: return VM_E_FILE_READ_ONLY;
    case vhd::errc::in_use:
    // The reference has no code for it in Compact; its Merge counts it as use.
    case vhd::errc::saved_state: return E_SHARING_VIOLATION;
    case vhd::errc::fixed_disk:
    case vhd::errc::differencing_disk: return VM_E_WRONG_HD_IMAGE_TYPE;
    case vhd::errc::no_locks: return DISP_E_EXCEPTION;
    default: return VM_E_INVALID_HD_FILE;
    }
}

bool is_of_the_device(std::error_code error) noexcept
{
    constexpr std::array reasons{std::errc::no_space_on_device, std::errc::io_error,
                                 std::errc::file_too_large,     std::errc::read_only_file_system,
                                 std::errc::no_such_device,     std::errc::no_such_device_or_address};
    // A full quota has no name among std::errc.
    return error == std::error_code(EDQUOT, std::system_category())
        || error == std::error_code(EDQUOT, std::generic_category())
        || std::ranges::any_of(reasons, [error](std::errc reason) { return error == reason; });
}

} // namespace

const char* message_of(HRESULT result) noexcept
{
    switch (result) {
    case S_OK: return "The call succeeded.";
    case E_PENDING: return "The task has not ended yet.";
    case E_NOINTERFACE: return "The object has no such interface.";
    case E_POINTER: return "A pointer is null, or a number out of its range.";
    case E_FAIL: return "This cannot be done now.";
    case DISP_E_EXCEPTION: return "Something unexpected happened.";
    case E_FILE_NOT_FOUND: return "There is no such file.";
    case E_PATH_NOT_FOUND: return "There is no such folder.";
    case E_ACCESSDENIED: return "Access is denied.";
    case E_SHARING_VIOLATION: return "The file is in use.";
    case E_BUFFER_OVERFLOW: return "The file name is too long.";
    case E_INVALID_NAME: return "The file name has characters that are not possible.";
    case E_BAD_PATHNAME: return "The path is empty or not absolute.";
    case VM_E_APP_SHUTTING_DOWN: return "The server is shutting down.";
    case VM_E_FILE_READ_ONLY: return "The file is read-only.";
    case VM_E_WRONG_HD_IMAGE_TYPE: return "The disk is of a type that this cannot be done with.";
    case VM_E_INVALID_HD_FILE: return "The file is not a sound disk image.";
    default: return nullptr;
    }
}

HRESULT to_hresult(std::error_code error) noexcept
{
    if (error.category() == vhd::error_category()) return from_disk_error(static_cast<vhd::errc>(error.value()));
    if (error == errc::shutting_down) return VM_E_APP_SHUTTING_DOWN;
    if (error == std::errc::no_such_file_or_directory) return E_FILE_NOT_FOUND;
    if (error == std::errc::not_a_directory) return E_PATH_NOT_FOUND;
    if (error == std::errc::permission_denied) return E_ACCESSDENIED;
    if (error == std::errc::filename_too_long) return E_BUFFER_OVERFLOW;
    return DISP_E_EXCEPTION;
}

VMTaskResult to_task_result(std::error_code error) noexcept
{
    if (!error) return vmTaskResult_Success;
    if (error == errc::cancelled) return vmTaskResult_Cancelled;
    if (error == std::errc::not_enough_memory) return vmTaskResult_OutOfMemoryError;
    if (error.category() == vhd::error_category() || is_of_the_device(error)) return vmTaskResult_DiskRelatedError;
    if (error == errc::timed_out || error == std::errc::timed_out) return vmTaskResult_TimeOutError;
    return vmTaskResult_UnexpectedError;
}

} // namespace vmtask::virtual_server
