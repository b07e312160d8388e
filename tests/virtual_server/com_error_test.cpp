// SPDX-License-Identifier: BSL-1.0

#include <vmtask/virtual_server/com_error.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <exception>
#include <set>
#include <string>
#include <type_traits>

TEST_CASE("a _com_error has a code and a message", "[virtual_server][error]")
{
    const _com_error error(E_SHARING_VIOLATION);

    CHECK(error.Error() == E_SHARING_VIOLATION);
    CHECK(std::string(error.ErrorMessage()) == "The file is in use.");
    CHECK(!error.Description());
}

TEST_CASE("a _com_error of a code that is not ours names the code, also in a copy", "[virtual_server][error]")
{
    const auto copy = [] { return _com_error(static_cast<HRESULT>(0x80040154)); }();

    CHECK(std::string(copy.ErrorMessage()) == "Unknown error 0x80040154");
}

TEST_CASE("a _com_error is made as the reference's is", "[virtual_server][error]")
{
    CHECK(_com_error(E_FAIL, nullptr).Error() == E_FAIL);
    CHECK(_com_error(E_FAIL, nullptr, true).Error() == E_FAIL);
    CHECK(_com_error(E_FAIL, L"the reason").Description() == L"the reason");
}

TEST_CASE("a _com_error is no std::exception", "[virtual_server][error]")
{
    CHECK_FALSE(std::is_base_of_v<std::exception, _com_error>);
    CHECK(std::is_nothrow_copy_constructible_v<_com_error>);
}

TEST_CASE("codes are failures, or not, by their sign", "[virtual_server][error]")
{
    STATIC_REQUIRE(SUCCEEDED(S_OK));
    STATIC_REQUIRE(FAILED(E_POINTER));
    STATIC_REQUIRE(FAILED(VM_E_INVALID_HD_FILE));
    STATIC_REQUIRE(sizeof(HRESULT) == 4);
}

TEST_CASE("codes have the reference's numbers", "[virtual_server][error]")
{
    const auto number = [](HRESULT code) { return static_cast<std::uint32_t>(code); };

    CHECK(number(S_OK) == 0);
    CHECK(number(S_FALSE) == 1);
    CHECK(number(E_PENDING) == 0x8000000A);
    CHECK(number(E_NOTIMPL) == 0x80004001);
    CHECK(number(E_NOINTERFACE) == 0x80004002);
    CHECK(number(E_POINTER) == 0x80004003);
    CHECK(number(E_ABORT) == 0x80004004);
    CHECK(number(E_FAIL) == 0x80004005);
    CHECK(number(E_OUTOFMEMORY) == 0x8007000E);
    CHECK(number(E_INVALIDARG) == 0x80070057);
    CHECK(number(DISP_E_TYPEMISMATCH) == 0x80020005);
    CHECK(number(DISP_E_EXCEPTION) == 0x80020009);
    CHECK(number(DISP_E_OVERFLOW) == 0x8002000A);
    CHECK(number(DISP_E_BADINDEX) == 0x8002000B);
    CHECK(number(E_FILE_NOT_FOUND) == 0x80070002);
    CHECK(number(E_PATH_NOT_FOUND) == 0x80070003);
    CHECK(number(E_ACCESSDENIED) == 0x80070005);
    CHECK(number(E_INVALID_DRIVE) == 0x8007000F);
    CHECK(number(E_SHARING_VIOLATION) == 0x80070020);
    CHECK(number(E_BUFFER_OVERFLOW) == 0x8007006F);
    CHECK(number(E_DISK_FULL) == 0x80070070);
    CHECK(number(E_INVALID_NAME) == 0x8007007B);
    CHECK(number(E_BAD_PATHNAME) == 0x800700A1);
    CHECK(number(E_ALREADY_EXISTS) == 0x800700B7);
}

TEST_CASE("the server's own codes have the reference's numbers", "[virtual_server][error]")
{
    // Severity, customer bit and FACILITY_ITF are the same in all.
    const auto number = [](HRESULT code) { return static_cast<std::uint32_t>(code) - 0xA0040000; };

    CHECK(number(VM_E_TIMED_OUT) == 0x202);
    CHECK(number(VM_E_OUT_OF_RESOURCE) == 0x203);
    CHECK(number(VM_E_TOO_MANY_VMS) == 0x204);
    CHECK(number(VM_E_VM_NOT_RUNNING) == 0x206);
    CHECK(number(VM_E_VM_UNKNOWN) == 0x207);
    CHECK(number(VM_E_OUT_OF_RESERVE) == 0x208);
    CHECK(number(VM_E_APP_SHUTTING_DOWN) == 0x209);
    CHECK(number(VM_E_SCRIPT_ALREADY_EXISTS) == 0x20A);
    CHECK(number(VM_E_VM_RUNNING_OR_SAVED) == 0x20B);
    CHECK(number(VM_E_VM_RUNNING) == 0x500);
    CHECK(number(VM_E_VM_NO_SAVED_STATE) == 0x501);
    CHECK(number(VM_E_DRIVE_INVALID) == 0x502);
    CHECK(number(VM_E_DRIVE_BUS_LOC_IN_USE) == 0x503);
    CHECK(number(VM_E_ADDITIONS_NOT_AVAIL) == 0x504);
    CHECK(number(VM_E_ADDITIONS_FEATURE_NOT_AVAIL) == 0x505);
    CHECK(number(VM_E_VM_PAUSED) == 0x507);
    CHECK(number(VM_E_PARENT_PATH_NOT_FOUND) == 0x677);
    CHECK(number(VM_E_FILE_TOO_LARGE_FOR_VOLUME) == 0x679);
    CHECK(number(VM_E_FILE_READ_ONLY) == 0x67A);
    CHECK(number(VM_E_WRONG_HD_IMAGE_TYPE) == 0x67B);
    CHECK(number(VM_E_HD_IMAGE_OPEN_FAIL) == 0x67C);
    CHECK(number(VM_E_HOST_DRIVE_NOT_FOUND) == 0x67E);
    CHECK(number(VM_E_HD_IMAGE_ACCESS) == 0x681);
    CHECK(number(VM_E_INVALID_HD_FILE) == 0x682);
    CHECK(number(VM_E_IMAGE_SIZE_TOO_LARGE) == 0x683);
    CHECK(number(VM_E_IMAGE_SIZE_TOO_SMALL) == 0x684);
    CHECK(number(VM_E_PARENT_CHILD_ID_MISMATCH) == 0x685);
    CHECK(number(VM_E_UNSUPPORTED_HD_DISK_TYPE) == 0x686);
    CHECK(number(VM_E_PARENT_MODIFIED) == 0x687);
}

TEST_CASE("every code has a message of its own", "[virtual_server][error]")
{
    std::set<std::string> messages;
    const HRESULT codes[] = {
        S_OK,
        S_FALSE,
        E_PENDING,
        E_NOTIMPL,
        E_NOINTERFACE,
        E_POINTER,
        E_ABORT,
        E_FAIL,
        E_OUTOFMEMORY,
        E_INVALIDARG,
        DISP_E_TYPEMISMATCH,
        DISP_E_EXCEPTION,
        DISP_E_OVERFLOW,
        DISP_E_BADINDEX,
        E_FILE_NOT_FOUND,
        E_PATH_NOT_FOUND,
        E_ACCESSDENIED,
        E_INVALID_DRIVE,
        E_SHARING_VIOLATION,
        E_BUFFER_OVERFLOW,
        E_DISK_FULL,
        E_INVALID_NAME,
        E_BAD_PATHNAME,
        E_ALREADY_EXISTS,
        VM_E_TIMED_OUT,
        VM_E_OUT_OF_RESOURCE,
        VM_E_TOO_MANY_VMS,
        VM_E_VM_NOT_RUNNING,
        VM_E_VM_UNKNOWN,
        VM_E_OUT_OF_RESERVE,
        VM_E_APP_SHUTTING_DOWN,
        VM_E_SCRIPT_ALREADY_EXISTS,
        VM_E_VM_RUNNING_OR_SAVED,
        VM_E_VM_RUNNING,
        VM_E_VM_NO_SAVED_STATE,
        VM_E_DRIVE_INVALID,
        VM_E_DRIVE_BUS_LOC_IN_USE,
        VM_E_ADDITIONS_NOT_AVAIL,
        VM_E_ADDITIONS_FEATURE_NOT_AVAIL,
        VM_E_VM_PAUSED,
        VM_E_PARENT_PATH_NOT_FOUND,
        VM_E_FILE_TOO_LARGE_FOR_VOLUME,
        VM_E_FILE_READ_ONLY,
        VM_E_WRONG_HD_IMAGE_TYPE,
        VM_E_HD_IMAGE_OPEN_FAIL,
        VM_E_HOST_DRIVE_NOT_FOUND,
        VM_E_HD_IMAGE_ACCESS,
        VM_E_INVALID_HD_FILE,
        VM_E_IMAGE_SIZE_TOO_LARGE,
        VM_E_IMAGE_SIZE_TOO_SMALL,
        VM_E_PARENT_CHILD_ID_MISMATCH,
        VM_E_UNSUPPORTED_HD_DISK_TYPE,
        VM_E_PARENT_MODIFIED,
    };
    for (const HRESULT code : codes) {
        const std::string message = _com_error(code).ErrorMessage();
        CHECK_THAT(message, !Catch::Matchers::ContainsSubstring("Unknown"));
        CHECK(messages.insert(message).second);
    }
}
