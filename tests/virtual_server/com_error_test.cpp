// SPDX-License-Identifier: BSL-1.0

#include <vmtask/virtual_server/com_error.hpp>

#include "support/catch.hpp"

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
