// SPDX-License-Identifier: BSL-1.0

#include <vmtask/virtual_server/variant.hpp>

#include "support/catch.hpp"

#include <vmtask/virtual_server/com_error.hpp>
#include <vmtask/virtual_server/server.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace {

_variant_t decimal(unsigned long long value, unsigned char sign = 0)
{
    _variant_t result;
    result.vt = VT_DECIMAL;
    result.decVal.sign = sign;
    result.decVal.Lo64 = value;
    return result;
}

_variant_t of_double(double value)
{
    _variant_t result;
    result.vt = VT_R8;
    result.dblVal = value;
    return result;
}

/// What a change of type answers, and that the value is unchanged by a failure.
HRESULT change(const _variant_t& from, VARTYPE type)
{
    _variant_t value = from;
    const HRESULT result = VariantChangeType(&value, &value, 0, type);
    CHECK(value.vt == (FAILED(result) ? from.vt : type));
    return result;
}

template <class Number>
HRESULT error_of_reading(const _variant_t& value)
{
    try {
        (void)static_cast<Number>(value);
    } catch (const _com_error& error) {
        return error.Error();
    }
    return S_OK;
}

} // namespace

TEST_CASE("a decimal is read as any number that has room for it", "[virtual_server][variant]")
{
    const _variant_t large = decimal(2190433320960ULL); // 2040 GiB
    CHECK(static_cast<std::uint64_t>(large) == 2190433320960ULL);
    CHECK(static_cast<long long>(large) == 2190433320960LL);
    CHECK(static_cast<double>(large) == 2190433320960.0);
    CHECK(error_of_reading<int>(large) == DISP_E_OVERFLOW);
    CHECK(error_of_reading<std::uint32_t>(large) == DISP_E_OVERFLOW);

    const _variant_t negative = decimal(5, DECIMAL_NEG);
    CHECK(static_cast<int>(negative) == -5);
    CHECK(static_cast<double>(negative) == -5.0);
    CHECK(error_of_reading<std::uint64_t>(negative) == DISP_E_OVERFLOW);

    const _variant_t largest = decimal(std::numeric_limits<unsigned long long>::max());
    CHECK(static_cast<unsigned long long>(largest) == std::numeric_limits<unsigned long long>::max());
    CHECK(error_of_reading<long long>(largest) == DISP_E_OVERFLOW);
}

TEST_CASE("the least number is read, and the next is not", "[virtual_server][variant]")
{
    const _variant_t least = decimal(1ULL << 63, DECIMAL_NEG);
    CHECK(static_cast<long long>(least) == std::numeric_limits<long long>::min());
    CHECK(error_of_reading<long long>(decimal((1ULL << 63) + 1, DECIMAL_NEG)) == DISP_E_OVERFLOW);
    CHECK(static_cast<int>(decimal(0, DECIMAL_NEG)) == 0);
}

TEST_CASE("a value changes its type", "[virtual_server][variant]")
{
    _variant_t value = decimal(42);
    for (const VARTYPE type : {VT_I4, VT_I8, VT_UI8, VT_R8, VT_DECIMAL}) {
        value.ChangeType(type);
        CHECK(value.vt == type);
        CHECK(static_cast<int>(value) == 42);
    }
    value = decimal(42, DECIMAL_NEG);
    CHECK(static_cast<_bstr_t>(value) == L"-42");
    value.ChangeType(VT_BSTR);
    CHECK(_bstr_t(value.bstrVal, true) == L"-42");
}

TEST_CASE("a value that has no room in a type, or is of another kind, is left as it is", "[virtual_server][variant]")
{
    CHECK(change(decimal(1ULL << 31), VT_I4) == DISP_E_OVERFLOW);
    CHECK(change(decimal(1ULL << 63), VT_I8) == DISP_E_OVERFLOW);
    CHECK(change(decimal(1, DECIMAL_NEG), VT_UI8) == DISP_E_OVERFLOW);
    CHECK(change(of_double(0.5), VT_I4) == DISP_E_OVERFLOW);
    CHECK(change(of_double(1e300), VT_DECIMAL) == DISP_E_OVERFLOW);
    CHECK(change(of_double(std::numeric_limits<double>::quiet_NaN()), VT_I8) == DISP_E_OVERFLOW);
    CHECK(change(decimal(1), VT_UNKNOWN) == DISP_E_TYPEMISMATCH);
    CHECK(change(decimal(1), 77) == DISP_E_TYPEMISMATCH);

    _variant_t text = decimal(1);
    text.ChangeType(VT_BSTR);
    CHECK(change(text, VT_I4) == DISP_E_TYPEMISMATCH);
    _variant_t tenth = decimal(1);
    tenth.decVal.scale = 1;
    CHECK(change(tenth, VT_I4) == DISP_E_OVERFLOW);
}

TEST_CASE("truth and nothing are numbers", "[virtual_server][variant]")
{
    _variant_t truth;
    CHECK(static_cast<int>(truth) == 0);
    truth.vt = VT_BOOL;
    truth.boolVal = VARIANT_TRUE;
    CHECK(static_cast<int>(truth) == -1);
}

TEST_CASE("copies of a string are deep, and taking over leaves nothing", "[virtual_server][variant]")
{
    _variant_t text = decimal(7);
    text.ChangeType(VT_BSTR);
    _variant_t copy = text;
    CHECK(copy.bstrVal != text.bstrVal);
    CHECK(static_cast<_bstr_t>(copy) == L"7");

    const BSTR plain = text.bstrVal;
    _variant_t moved = std::move(text);
    CHECK(moved.bstrVal == plain);
    _variant_t taken(moved, false);
    CHECK((taken.bstrVal == plain && moved.vt == VT_EMPTY));
    VARIANT detached = taken.Detach();
    CHECK((detached.bstrVal == plain && taken.vt == VT_EMPTY));
    copy.Attach(detached);
    CHECK((copy.bstrVal == plain && detached.vt == VT_EMPTY));
    copy.Clear();
    CHECK(copy.vt == VT_EMPTY);
}

TEST_CASE("a value holds a reference to its object", "[virtual_server][variant]")
{
    const IVMVirtualServerPtr server = vmtask::virtual_server::create_server();
    const auto references = [&server] {
        server->AddRef();
        return server->Release();
    };
    _variant_t value;
    value.vt = VT_UNKNOWN;
    value.punkVal = IVMVirtualServerPtr(server).Detach();
    CHECK(references() == 2);
    {
        const _variant_t copy = value;
        CHECK(references() == 3);
        const IVMVirtualServerPtr inside = copy;
        CHECK(inside == server);
        CHECK(static_cast<IUnknown*>(copy) == static_cast<IUnknown*>(server.GetInterfacePtr()));
        CHECK(IVMTaskPtr(copy) == nullptr);
    }
    CHECK(references() == 2);
    value.Clear();
    CHECK(references() == 1);
    CHECK_THROWS_AS(IVMTaskPtr(value), _com_error);
    CHECK_THROWS_AS(static_cast<IUnknown*>(value), _com_error);
}

TEST_CASE("null values are E_POINTER", "[virtual_server][variant]")
{
    VARIANT value{};
    CHECK(VariantInit(nullptr) == E_POINTER);
    CHECK(VariantClear(nullptr) == E_POINTER);
    CHECK(VariantCopy(nullptr, &value) == E_POINTER);
    CHECK(VariantCopy(&value, nullptr) == E_POINTER);
    CHECK(VariantChangeType(nullptr, &value, 0, VT_I4) == E_POINTER);
    CHECK(VariantChangeType(&value, nullptr, 0, VT_I4) == E_POINTER);
    CHECK(VariantCopy(&value, &value) == S_OK);
}
