// SPDX-License-Identifier: BSL-1.0

#include <vmtask/virtual_server/com_error.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <exception>
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
    CHECK(number(E_PENDING) == 0x8000000A);
    CHECK(number(E_NOINTERFACE) == 0x80004002);
    CHECK(number(E_POINTER) == 0x80004003);
    CHECK(number(E_FAIL) == 0x80004005);
    CHECK(number(DISP_E_EXCEPTION) == 0x80020009);
    CHECK(number(E_FILE_NOT_FOUND) == 0x80070002);
    CHECK(number(E_PATH_NOT_FOUND) == 0x80070003);
    CHECK(number(E_ACCESSDENIED) == 0x80070005);
    CHECK(number(E_SHARING_VIOLATION) == 0x80070020);
    CHECK(number(E_BUFFER_OVERFLOW) == 0x8007006F);
    CHECK(number(E_INVALID_NAME) == 0x8007007B);
    CHECK(number(E_BAD_PATHNAME) == 0x800700A1);
    CHECK(number(VM_E_APP_SHUTTING_DOWN) == 0xA0040209);
    CHECK(number(VM_E_FILE_READ_ONLY) == 0xA004067A);
    CHECK(number(VM_E_WRONG_HD_IMAGE_TYPE) == 0xA004067B);
    CHECK(number(VM_E_INVALID_HD_FILE) == 0xA0040682);
}
