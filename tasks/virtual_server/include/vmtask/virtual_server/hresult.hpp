// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstdint>

/// How a call came out; negative when it failed. 32 bits, as in the reference,
/// although `long` has 64 here: else 0x8... would not be negative.
using HRESULT = std::int32_t;
using LONG = long;
using ULONG = unsigned long;

constexpr bool SUCCEEDED(HRESULT result) noexcept
{
    return result >= 0;
}

constexpr bool FAILED(HRESULT result) noexcept
{
    return result < 0;
}

namespace vmtask {
namespace virtual_server {

/// An HRESULT from the number by which people know it.
constexpr HRESULT hresult(std::uint32_t number) noexcept
{
    return static_cast<HRESULT>(number);
}

} // namespace virtual_server
} // namespace vmtask

// COM's own.
constexpr HRESULT S_OK = 0;
constexpr HRESULT S_FALSE = 1; // no failure, but there is nothing
constexpr HRESULT E_PENDING = vmtask::virtual_server::hresult(0x8000000A);
constexpr HRESULT E_NOTIMPL = vmtask::virtual_server::hresult(0x80004001);
constexpr HRESULT E_NOINTERFACE = vmtask::virtual_server::hresult(0x80004002);
constexpr HRESULT E_POINTER = vmtask::virtual_server::hresult(0x80004003);
constexpr HRESULT E_ABORT = vmtask::virtual_server::hresult(0x80004004);
constexpr HRESULT E_FAIL = vmtask::virtual_server::hresult(0x80004005);
constexpr HRESULT E_OUTOFMEMORY = vmtask::virtual_server::hresult(0x8007000E);
constexpr HRESULT E_INVALIDARG = vmtask::virtual_server::hresult(0x80070057);
constexpr HRESULT DISP_E_TYPEMISMATCH = vmtask::virtual_server::hresult(0x80020005);
constexpr HRESULT DISP_E_EXCEPTION = vmtask::virtual_server::hresult(0x80020009);
constexpr HRESULT DISP_E_OVERFLOW = vmtask::virtual_server::hresult(0x8002000A);
constexpr HRESULT DISP_E_BADINDEX = vmtask::virtual_server::hresult(0x8002000B);

// Errors of files.
constexpr HRESULT E_FILE_NOT_FOUND = vmtask::virtual_server::hresult(0x80070002);
constexpr HRESULT E_PATH_NOT_FOUND = vmtask::virtual_server::hresult(0x80070003);
constexpr HRESULT E_ACCESSDENIED = vmtask::virtual_server::hresult(0x80070005);
constexpr HRESULT E_INVALID_DRIVE = vmtask::virtual_server::hresult(0x8007000F);
constexpr HRESULT E_SHARING_VIOLATION = vmtask::virtual_server::hresult(0x80070020);
constexpr HRESULT E_BUFFER_OVERFLOW = vmtask::virtual_server::hresult(0x8007006F);
constexpr HRESULT E_DISK_FULL = vmtask::virtual_server::hresult(0x80070070);
constexpr HRESULT E_INVALID_NAME = vmtask::virtual_server::hresult(0x8007007B);
constexpr HRESULT E_BAD_PATHNAME = vmtask::virtual_server::hresult(0x800700A1);
constexpr HRESULT E_ALREADY_EXISTS = vmtask::virtual_server::hresult(0x800700B7);

// Virtual Server's own. Those that speak of machines are here for code that
// compares with them; no call answers them.
constexpr HRESULT VM_E_TIMED_OUT = vmtask::virtual_server::hresult(0xA0040202);
constexpr HRESULT VM_E_OUT_OF_RESOURCE = vmtask::virtual_server::hresult(0xA0040203);
constexpr HRESULT VM_E_TOO_MANY_VMS = vmtask::virtual_server::hresult(0xA0040204);
constexpr HRESULT VM_E_VM_NOT_RUNNING = vmtask::virtual_server::hresult(0xA0040206);
constexpr HRESULT VM_E_VM_UNKNOWN = vmtask::virtual_server::hresult(0xA0040207);
constexpr HRESULT VM_E_OUT_OF_RESERVE = vmtask::virtual_server::hresult(0xA0040208);
constexpr HRESULT VM_E_APP_SHUTTING_DOWN = vmtask::virtual_server::hresult(0xA0040209);
constexpr HRESULT VM_E_SCRIPT_ALREADY_EXISTS = vmtask::virtual_server::hresult(0xA004020A);
constexpr HRESULT VM_E_VM_RUNNING_OR_SAVED = vmtask::virtual_server::hresult(0xA004020B);
constexpr HRESULT VM_E_VM_RUNNING = vmtask::virtual_server::hresult(0xA0040500);
constexpr HRESULT VM_E_VM_NO_SAVED_STATE = vmtask::virtual_server::hresult(0xA0040501);
constexpr HRESULT VM_E_DRIVE_INVALID = vmtask::virtual_server::hresult(0xA0040502);
constexpr HRESULT VM_E_DRIVE_BUS_LOC_IN_USE = vmtask::virtual_server::hresult(0xA0040503);
constexpr HRESULT VM_E_ADDITIONS_NOT_AVAIL = vmtask::virtual_server::hresult(0xA0040504);
constexpr HRESULT VM_E_ADDITIONS_FEATURE_NOT_AVAIL = vmtask::virtual_server::hresult(0xA0040505);
constexpr HRESULT VM_E_VM_PAUSED = vmtask::virtual_server::hresult(0xA0040507);
constexpr HRESULT VM_E_PARENT_PATH_NOT_FOUND = vmtask::virtual_server::hresult(0xA0040677);
constexpr HRESULT VM_E_FILE_TOO_LARGE_FOR_VOLUME = vmtask::virtual_server::hresult(0xA0040679);
constexpr HRESULT VM_E_FILE_READ_ONLY = vmtask::virtual_server::hresult(0xA004067A);
constexpr HRESULT VM_E_WRONG_HD_IMAGE_TYPE = vmtask::virtual_server::hresult(0xA004067B);
constexpr HRESULT VM_E_HD_IMAGE_OPEN_FAIL = vmtask::virtual_server::hresult(0xA004067C);
constexpr HRESULT VM_E_HOST_DRIVE_NOT_FOUND = vmtask::virtual_server::hresult(0xA004067E);
constexpr HRESULT VM_E_HD_IMAGE_ACCESS = vmtask::virtual_server::hresult(0xA0040681);
constexpr HRESULT VM_E_INVALID_HD_FILE = vmtask::virtual_server::hresult(0xA0040682);
constexpr HRESULT VM_E_IMAGE_SIZE_TOO_LARGE = vmtask::virtual_server::hresult(0xA0040683);
constexpr HRESULT VM_E_IMAGE_SIZE_TOO_SMALL = vmtask::virtual_server::hresult(0xA0040684);
constexpr HRESULT VM_E_PARENT_CHILD_ID_MISMATCH = vmtask::virtual_server::hresult(0xA0040685);
constexpr HRESULT VM_E_UNSUPPORTED_HD_DISK_TYPE = vmtask::virtual_server::hresult(0xA0040686);
constexpr HRESULT VM_E_PARENT_MODIFIED = vmtask::virtual_server::hresult(0xA0040687);
