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
constexpr HRESULT E_PENDING = vmtask::virtual_server::hresult(0x8000000A);
constexpr HRESULT E_NOINTERFACE = vmtask::virtual_server::hresult(0x80004002);
constexpr HRESULT E_POINTER = vmtask::virtual_server::hresult(0x80004003);
constexpr HRESULT E_FAIL = vmtask::virtual_server::hresult(0x80004005);
constexpr HRESULT DISP_E_EXCEPTION = vmtask::virtual_server::hresult(0x80020009);

// Errors of files.
constexpr HRESULT E_FILE_NOT_FOUND = vmtask::virtual_server::hresult(0x80070002);
constexpr HRESULT E_PATH_NOT_FOUND = vmtask::virtual_server::hresult(0x80070003);
constexpr HRESULT E_ACCESSDENIED = vmtask::virtual_server::hresult(0x80070005);
constexpr HRESULT E_SHARING_VIOLATION = vmtask::virtual_server::hresult(0x80070020);
constexpr HRESULT E_BUFFER_OVERFLOW = vmtask::virtual_server::hresult(0x8007006F);
constexpr HRESULT E_INVALID_NAME = vmtask::virtual_server::hresult(0x8007007B);
constexpr HRESULT E_BAD_PATHNAME = vmtask::virtual_server::hresult(0x800700A1);

// Virtual Server's own.
constexpr HRESULT VM_E_APP_SHUTTING_DOWN = vmtask::virtual_server::hresult(0xA0040209);
constexpr HRESULT VM_E_FILE_READ_ONLY = vmtask::virtual_server::hresult(0xA004067A);
constexpr HRESULT VM_E_WRONG_HD_IMAGE_TYPE = vmtask::virtual_server::hresult(0xA004067B);
constexpr HRESULT VM_E_INVALID_HD_FILE = vmtask::virtual_server::hresult(0xA0040682);
