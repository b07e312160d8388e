// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/bstr.hpp>
#include <vmtask/virtual_server/hresult.hpp>
#include <vmtask/virtual_server/unknown.hpp>

#include <limits>
#include <type_traits>

/// COM's truth value. True is -1: compare with VARIANT_FALSE, not with 1.
using VARIANT_BOOL = short;
constexpr VARIANT_BOOL VARIANT_TRUE = -1;
constexpr VARIANT_BOOL VARIANT_FALSE = 0;

/// What a VARIANT holds: those that these interfaces have, and their likes.
using VARTYPE = unsigned short;
constexpr VARTYPE VT_EMPTY = 0;
constexpr VARTYPE VT_I4 = 3;
constexpr VARTYPE VT_R8 = 5;
constexpr VARTYPE VT_BSTR = 8;
constexpr VARTYPE VT_BOOL = 11;
constexpr VARTYPE VT_UNKNOWN = 13;
constexpr VARTYPE VT_DECIMAL = 14;
constexpr VARTYPE VT_I8 = 20;
constexpr VARTYPE VT_UI8 = 21;

/// A number without its sign, and how often it is divided by ten. Those of this
/// library are whole and below 2^64: Lo64 is all of them.
struct DECIMAL {
    unsigned short wReserved;
    unsigned char scale;
    unsigned char sign; ///< DECIMAL_NEG, or 0
    unsigned int Hi32;
    unsigned long long Lo64;
};
constexpr unsigned char DECIMAL_NEG = 0x80;

/// A value, and of which type it is. To be made by VariantInit and ended by
/// VariantClear. Unlike the reference's, a decVal lies behind the type and not
/// over it.
struct VARIANT {
    VARTYPE vt;
    unsigned short wReserved1;
    unsigned short wReserved2;
    unsigned short wReserved3;
    union {
        LONG lVal;
        double dblVal;
        VARIANT_BOOL boolVal;
        BSTR bstrVal;
        IUnknown* punkVal;
        DECIMAL decVal;
        long long llVal;
        unsigned long long ullVal;
    };
};

/// Makes it empty, whatever it was. Errors of this and the next: E_POINTER for null.
HRESULT VariantInit(VARIANT* value) noexcept;

/// Frees or releases what it holds and makes it empty.
HRESULT VariantClear(VARIANT* value) noexcept;

/// Clears `to` and makes it a copy. Errors: E_POINTER; E_OUTOFMEMORY.
HRESULT VariantCopy(VARIANT* to, const VARIANT* from) noexcept;

/// Clears `to` and makes it `from` as another type; both may be one. From
/// numbers, truth values and nothing, to VT_I4, VT_I8, VT_UI8, VT_R8, VT_DECIMAL
/// and VT_BSTR; and whatever is of that type already. `flags` are ignored.
///
/// Errors: E_POINTER; DISP_E_TYPEMISMATCH; DISP_E_OVERFLOW, when it does not fit,
/// or is not whole; E_OUTOFMEMORY. `to` is unchanged then.
HRESULT VariantChangeType(VARIANT* to, const VARIANT* from, unsigned short flags, VARTYPE type) noexcept;

/// A VARIANT that frees what it holds. Copies are deep.
///
/// Members throw _com_error: E_OUTOFMEMORY, and what VariantChangeType fails with.
class _variant_t : public VARIANT {
public:
    _variant_t() noexcept { VariantInit(this); }
    _variant_t(const VARIANT& value);
    /// Copies `value`, or takes it over and leaves it empty.
    _variant_t(VARIANT& value, bool copy);
    _variant_t(const _variant_t& other) : _variant_t(static_cast<const VARIANT&>(other)) {}
    _variant_t(_variant_t&& other) noexcept : VARIANT(other) { VariantInit(&other); }
    _variant_t& operator=(_variant_t other) noexcept;
    ~_variant_t() { VariantClear(this); }

    void Clear() noexcept { VariantClear(this); }
    void ChangeType(VARTYPE type);
    /// Takes `value` over and leaves it empty.
    void Attach(VARIANT& value) noexcept;
    /// Hands over what it holds.
    VARIANT Detach() noexcept;

    /// Its number, if the type has room for it.
    template <class Number, class = typename std::enable_if<std::is_arithmetic<Number>::value>::type>
    operator Number() const
    {
        return number<Number>(std::is_floating_point<Number>());
    }
    operator _bstr_t() const;
    /// A reference is not added. DISP_E_TYPEMISMATCH unless it holds one.
    operator IUnknown*() const;

private:
    template <class Number>
    Number number(std::true_type /*floating*/) const
    {
        return static_cast<Number>(as_double());
    }
    template <class Number>
    Number number(std::false_type /*whole*/) const
    {
        using limits = std::numeric_limits<Number>;
        if (std::is_signed<Number>::value) return static_cast<Number>(as_signed(limits::min(), limits::max()));
        return static_cast<Number>(as_unsigned(limits::max()));
    }

    double as_double() const;
    long long as_signed(long long least, unsigned long long most) const;
    unsigned long long as_unsigned(unsigned long long most) const;
};
