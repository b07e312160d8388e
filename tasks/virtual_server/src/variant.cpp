// SPDX-License-Identifier: BSL-1.0

#include <vmtask/virtual_server/variant.hpp>

#include <vmtask/virtual_server/com_error.hpp>

#include <cmath>
#include <optional>
#include <string>
#include <utility>

namespace {

/// A whole number, as wide as any type here has it.
struct whole {
    bool is_negative = false;
    unsigned long long magnitude = 0;
};

constexpr auto most_signed = static_cast<unsigned long long>(std::numeric_limits<long long>::max());

whole from_signed(long long value) noexcept
{
    // The magnitude of the least one is none of its type.
    if (value < 0) return {true, static_cast<unsigned long long>(-(value + 1)) + 1};
    return {false, static_cast<unsigned long long>(value)};
}

HRESULT from_double(double value, whole& number) noexcept
{
    constexpr double beyond = 18446744073709551616.0; // 2^64
    if (!(std::fabs(value) < beyond) || value != std::trunc(value)) return DISP_E_OVERFLOW;
    number = {value < 0, static_cast<unsigned long long>(std::fabs(value))};
    return S_OK;
}

HRESULT from_decimal(const DECIMAL& value, whole& number) noexcept
{
    if (value.Hi32 != 0 || value.scale != 0) return DISP_E_OVERFLOW;
    number = {value.sign == DECIMAL_NEG && value.Lo64 != 0, value.Lo64};
    return S_OK;
}

HRESULT read(const VARIANT& value, whole& number) noexcept
{
    number = {};
    switch (value.vt) {
    case VT_EMPTY: return S_OK;
    case VT_I4: number = from_signed(value.lVal); return S_OK;
    case VT_I8: number = from_signed(value.llVal); return S_OK;
    case VT_UI8: number.magnitude = value.ullVal; return S_OK;
    case VT_BOOL: number = from_signed(value.boolVal); return S_OK;
    case VT_R8: return from_double(value.dblVal, number);
    case VT_DECIMAL: return from_decimal(value.decVal, number);
    default: return DISP_E_TYPEMISMATCH;
    }
}

bool fits(whole number, long long least, unsigned long long most) noexcept
{
    return number.is_negative ? number.magnitude <= from_signed(least).magnitude && least < 0
                              : number.magnitude <= most;
}

long long to_signed(whole number) noexcept
{
    return number.is_negative ? -static_cast<long long>(number.magnitude - 1) - 1
                              : static_cast<long long>(number.magnitude);
}

double to_double(whole number) noexcept
{
    const auto magnitude = static_cast<double>(number.magnitude);
    return number.is_negative ? -magnitude : magnitude;
}

HRESULT write_signed(VARIANT& value, VARTYPE type, whole number) noexcept
{
    using narrow = std::numeric_limits<int>;
    const bool is_narrow = type == VT_I4;
    const long long least = is_narrow ? narrow::min() : std::numeric_limits<long long>::min();
    if (!fits(number, least, is_narrow ? narrow::max() : most_signed)) return DISP_E_OVERFLOW;
    if (is_narrow) value.lVal = static_cast<LONG>(to_signed(number));
    else value.llVal = to_signed(number);
    return S_OK;
}

HRESULT write_text(VARIANT& value, whole number) noexcept
try {
    const std::wstring digits = std::to_wstring(number.magnitude);
    value.bstrVal = SysAllocString((number.is_negative ? L"-" + digits : digits).c_str());
    return value.bstrVal != nullptr ? S_OK : E_OUTOFMEMORY;
} catch (...) {
    return E_OUTOFMEMORY;
}

HRESULT write(VARIANT& value, VARTYPE type, whole number) noexcept
{
    value.vt = type;
    switch (type) {
    case VT_I4:
    case VT_I8: return write_signed(value, type, number);
    case VT_UI8:
        if (number.is_negative) return DISP_E_OVERFLOW;
        value.ullVal = number.magnitude;
        return S_OK;
    case VT_R8: value.dblVal = to_double(number); return S_OK;
    case VT_DECIMAL:
        value.decVal = DECIMAL();
        value.decVal.sign = number.is_negative ? DECIMAL_NEG : 0;
        value.decVal.Lo64 = number.magnitude;
        return S_OK;
    case VT_BSTR: return write_text(value, number);
    default: return DISP_E_TYPEMISMATCH;
    }
}

[[noreturn]] void fail(HRESULT result)
{
    throw _com_error(result);
}

whole number_of(const VARIANT& value)
{
    whole number;
    if (const HRESULT result = read(value, number); FAILED(result)) fail(result);
    return number;
}

} // namespace

HRESULT VariantInit(VARIANT* value) noexcept
{
    if (value == nullptr) return E_POINTER;
    *value = VARIANT();
    return S_OK;
}

HRESULT VariantClear(VARIANT* value) noexcept
{
    if (value == nullptr) return E_POINTER;
    if (value->vt == VT_BSTR) SysFreeString(value->bstrVal);
    if (value->vt == VT_UNKNOWN && value->punkVal != nullptr) value->punkVal->Release();
    return VariantInit(value);
}

HRESULT VariantCopy(VARIANT* to, const VARIANT* from) noexcept
{
    if (to == nullptr || from == nullptr) return E_POINTER;
    if (to == from) return S_OK;
    VARIANT copy = *from;
    if (copy.vt == VT_BSTR && copy.bstrVal != nullptr) {
        copy.bstrVal = SysAllocStringLen(copy.bstrVal, SysStringLen(copy.bstrVal));
        if (copy.bstrVal == nullptr) return E_OUTOFMEMORY;
    }
    if (copy.vt == VT_UNKNOWN && copy.punkVal != nullptr) copy.punkVal->AddRef();
    VariantClear(to);
    *to = copy;
    return S_OK;
}

HRESULT VariantChangeType(VARIANT* to, const VARIANT* from, unsigned short /*flags*/, VARTYPE type) noexcept
{
    if (to == nullptr || from == nullptr) return E_POINTER;
    if (from->vt == type) return VariantCopy(to, from);
    whole number;
    VARIANT changed{};
    HRESULT result = read(*from, number);
    if (SUCCEEDED(result)) result = write(changed, type, number);
    if (FAILED(result)) return result;
    VariantClear(to);
    *to = changed;
    return S_OK;
}

_variant_t::_variant_t(const VARIANT& value)
{
    VariantInit(this);
    if (const HRESULT result = VariantCopy(this, &value); FAILED(result)) fail(result);
}

_variant_t::_variant_t(VARIANT& value, bool copy)
{
    VariantInit(this);
    if (!copy) Attach(value);
    else if (const HRESULT result = VariantCopy(this, &value); FAILED(result)) fail(result);
}

_variant_t& _variant_t::operator=(_variant_t other) noexcept
{
    Attach(other);
    return *this;
}

void _variant_t::ChangeType(VARTYPE type)
{
    if (const HRESULT result = VariantChangeType(this, this, 0, type); FAILED(result)) fail(result);
}

void _variant_t::Attach(VARIANT& value) noexcept
{
    VariantClear(this);
    static_cast<VARIANT&>(*this) = value;
    VariantInit(&value);
}

VARIANT _variant_t::Detach() noexcept
{
    return std::exchange(static_cast<VARIANT&>(*this), VARIANT());
}

_variant_t::operator _bstr_t() const
{
    _variant_t text(*this);
    text.ChangeType(VT_BSTR);
    return {text.Detach().bstrVal, false};
}

_variant_t::operator IUnknown*() const
{
    if (vt != VT_UNKNOWN) fail(DISP_E_TYPEMISMATCH);
    return punkVal;
}

double _variant_t::as_double() const
{
    return vt == VT_R8 ? dblVal : to_double(number_of(*this));
}

long long _variant_t::as_signed(long long least, unsigned long long most) const
{
    const whole number = number_of(*this);
    if (!fits(number, least, most)) fail(DISP_E_OVERFLOW);
    return to_signed(number);
}

unsigned long long _variant_t::as_unsigned(unsigned long long most) const
{
    const whole number = number_of(*this);
    if (!fits(number, 0, most)) fail(DISP_E_OVERFLOW);
    return number.magnitude;
}
