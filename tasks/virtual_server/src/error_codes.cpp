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
    case vhd::errc::already_exists: return E_ALREADY_EXISTS;
    case vhd::errc::access_denied: return E_ACCESSDENIED;
    case vhd::errc::read_only: return VM_E_FILE_READ_ONLY;
    case vhd::errc::in_use:
    // The reference has no code for it in Compact; its Merge counts it as use.
    case vhd::errc::saved_state: return E_SHARING_VIOLATION;
    case vhd::errc::fixed_disk:
    case vhd::errc::differencing_disk:
    case vhd::errc::not_differencing: return VM_E_WRONG_HD_IMAGE_TYPE;
    case vhd::errc::parent_not_found: return VM_E_PARENT_PATH_NOT_FOUND;
    case vhd::errc::wrong_parent: return VM_E_PARENT_CHILD_ID_MISMATCH;
    case vhd::errc::unusable_parent_name: return E_INVALID_NAME;
    case vhd::errc::disk_too_full: return VM_E_FILE_TOO_LARGE_FOR_VOLUME;
    case vhd::errc::no_locks: return DISP_E_EXCEPTION;
    default: return VM_E_INVALID_HD_FILE;
    }
}

// A full quota has no name among std::errc.
bool is_full_quota(std::error_code error) noexcept
{
    return error == std::error_code(EDQUOT, std::system_category())
        || error == std::error_code(EDQUOT, std::generic_category());
}

struct known_error {
    std::errc error;
    HRESULT result;
};

constexpr std::array known_errors{
    known_error{std::errc::no_such_file_or_directory, E_FILE_NOT_FOUND},
    known_error{std::errc::not_a_directory, E_PATH_NOT_FOUND},
    known_error{std::errc::permission_denied, E_ACCESSDENIED},
    known_error{std::errc::operation_not_permitted, E_ACCESSDENIED},
    known_error{std::errc::filename_too_long, E_BUFFER_OVERFLOW},
    known_error{std::errc::file_exists, E_ALREADY_EXISTS},
    known_error{std::errc::read_only_file_system, VM_E_FILE_READ_ONLY},
    known_error{std::errc::no_space_on_device, E_DISK_FULL},
    known_error{std::errc::file_too_large, VM_E_FILE_TOO_LARGE_FOR_VOLUME},
    known_error{std::errc::not_enough_memory, E_OUTOFMEMORY},
    known_error{std::errc::timed_out, VM_E_TIMED_OUT},
};

bool is_of_the_device(std::error_code error) noexcept
{
    constexpr std::array reasons{std::errc::no_space_on_device, std::errc::io_error,
                                 std::errc::file_too_large,     std::errc::read_only_file_system,
                                 std::errc::no_such_device,     std::errc::no_such_device_or_address};
    return is_full_quota(error) || std::ranges::any_of(reasons, [error](std::errc reason) { return error == reason; });
}

} // namespace

HRESULT to_hresult(std::error_code error) noexcept
{
    if (error.category() == vhd::error_category()) return from_disk_error(static_cast<vhd::errc>(error.value()));
    if (error == errc::shutting_down) return VM_E_APP_SHUTTING_DOWN;
    if (error == errc::cancelled) return E_ABORT;
    if (error == errc::timed_out) return VM_E_TIMED_OUT;
    // Some others equal a std::errc, too, but say nothing of a file.
    if (error.category() == engine_category()) return DISP_E_EXCEPTION;
    if (is_full_quota(error)) return E_DISK_FULL;
    for (const known_error& known : known_errors)
        if (error == known.error) return known.result;
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
