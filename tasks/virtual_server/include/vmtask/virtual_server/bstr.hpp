// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <atomic>

/// A character of COM's strings. It is wchar_t, so that L"..." is one as in the
/// reference. On Linux that is 32 bits with one code point each, not UTF-16:
/// strings that are written to files or sockets need converting.
using OLECHAR = wchar_t;

/// A string that knows its length, made by SysAllocString. A null BSTR counts
/// as the empty string.
using BSTR = OLECHAR*;

/// A copy of `text`, to be freed with SysFreeString. Null when `text` is null,
/// or memory is short.
BSTR SysAllocString(const OLECHAR* text) noexcept;

/// The same for `length` characters, zeros included. A null `text` leaves them
/// to be filled in.
BSTR SysAllocStringLen(const OLECHAR* text, unsigned int length) noexcept;

void SysFreeString(BSTR text) noexcept;

/// The length in characters, without the terminator; 0 for null.
unsigned int SysStringLen(BSTR text) noexcept;

/// Owns a BSTR, and converts from and to char strings, which are UTF-8.
///
/// Copies are deep. What is no UTF-8 becomes U+FFFD. Members that need memory
/// throw std::bad_alloc when there is none.
///
/// Thread safety: const members may be called from several threads at once.
class _bstr_t {
public:
    _bstr_t() noexcept = default;
    _bstr_t(const wchar_t* text);
    _bstr_t(const char* utf8);
    /// Copies `text`, or takes it over.
    _bstr_t(BSTR text, bool copy);
    _bstr_t(const _bstr_t& other);
    _bstr_t(_bstr_t&& other) noexcept;
    _bstr_t& operator=(_bstr_t other) noexcept;
    ~_bstr_t();

    unsigned int length() const noexcept { return SysStringLen(text_); }
    bool operator!() const noexcept { return text_ == nullptr; }

    operator const wchar_t*() const noexcept { return text_; }
    operator wchar_t*() const noexcept { return text_; }
    /// As UTF-8, only to be read; lives until the string changes or ends.
    operator const char*() const { return utf8(); }
    operator char*() const { return utf8(); }

    /// The string itself, which stays owned.
    BSTR GetBSTR() const noexcept { return text_; }
    /// A copy, to be freed with SysFreeString.
    BSTR copy() const;
    /// The string, no longer owned.
    BSTR Detach() noexcept;
    /// Frees what it has and takes over `text`.
    void Attach(BSTR text) noexcept;
    /// Frees what it has; the result is for a function that hands out a BSTR.
    BSTR* GetAddress() noexcept;

private:
    char* utf8() const;
    void forget_utf8() noexcept;

    BSTR text_ = nullptr;
    mutable std::atomic<char*> utf8_{nullptr}; // made when first asked for
};

/// Character by character; a null string equals an empty one.
bool operator==(const _bstr_t& left, const _bstr_t& right) noexcept;

inline bool operator!=(const _bstr_t& left, const _bstr_t& right) noexcept
{
    return !(left == right);
}

// Without these, pointers would be compared, or none of the two could be chosen.
inline bool operator==(const _bstr_t& left, const wchar_t* right)
{
    return left == _bstr_t(right);
}

inline bool operator!=(const _bstr_t& left, const wchar_t* right)
{
    return !(left == right);
}

inline bool operator==(const _bstr_t& left, const char* right)
{
    return left == _bstr_t(right);
}

inline bool operator!=(const _bstr_t& left, const char* right)
{
    return !(left == right);
}
