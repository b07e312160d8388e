// SPDX-License-Identifier: BSL-1.0

#include <vmtask/virtual_server/bstr.hpp>

#include "utf8.hpp"

#include <cstddef>
#include <cstring>
#include <cwchar>
#include <new>
#include <string>
#include <string_view>

namespace {

using namespace vmtask::virtual_server;

// The length stands right before the characters.
using length_type = unsigned int;
static_assert(sizeof(length_type) == sizeof(OLECHAR));

std::wstring_view view(BSTR text) noexcept
{
    return {text == nullptr ? L"" : text, SysStringLen(text)};
}

BSTR required(BSTR text)
{
    if (text == nullptr) throw std::bad_alloc();
    return text;
}

BSTR duplicate(BSTR text)
{
    return text == nullptr ? nullptr : required(SysAllocStringLen(text, SysStringLen(text)));
}

} // namespace

BSTR SysAllocString(const OLECHAR* text) noexcept
{
    return text == nullptr ? nullptr : SysAllocStringLen(text, static_cast<length_type>(std::wcslen(text)));
}

BSTR SysAllocStringLen(const OLECHAR* text, unsigned int length) noexcept
{
    const std::size_t bytes = std::size_t{length} * sizeof(OLECHAR);
    auto* const memory =
        static_cast<char*>(::operator new(sizeof(length_type) + bytes + sizeof(OLECHAR), std::nothrow));
    if (memory == nullptr) return nullptr;
    std::memcpy(memory, &length, sizeof length);
    char* const characters = memory + sizeof length;
    if (text != nullptr) std::memcpy(characters, text, bytes);
    std::memset(characters + bytes, 0, sizeof(OLECHAR));
    return static_cast<BSTR>(static_cast<void*>(characters));
}

void SysFreeString(BSTR text) noexcept
{
    if (text != nullptr) ::operator delete(static_cast<void*>(text - 1));
}

unsigned int SysStringLen(BSTR text) noexcept
{
    length_type length = 0;
    if (text != nullptr) std::memcpy(&length, text - 1, sizeof length);
    return length;
}

_bstr_t::_bstr_t(const wchar_t* text) : text_(text == nullptr ? nullptr : required(SysAllocString(text))) {}

_bstr_t::_bstr_t(const char* utf8)
{
    if (utf8 == nullptr) return;
    const std::wstring wide = from_utf8(utf8);
    text_ = required(SysAllocStringLen(wide.data(), static_cast<length_type>(wide.size())));
}

_bstr_t::_bstr_t(BSTR text, bool copy) : text_(copy ? duplicate(text) : text) {}

_bstr_t::_bstr_t(const _bstr_t& other) : text_(duplicate(other.text_)) {}

_bstr_t::_bstr_t(_bstr_t&& other) noexcept : text_(other.Detach()) {}

_bstr_t& _bstr_t::operator=(_bstr_t other) noexcept
{
    Attach(other.Detach());
    return *this;
}

_bstr_t::~_bstr_t()
{
    Attach(nullptr);
}

BSTR _bstr_t::copy() const
{
    return duplicate(text_);
}

BSTR _bstr_t::Detach() noexcept
{
    const BSTR text = text_;
    text_ = nullptr;
    forget_utf8();
    return text;
}

void _bstr_t::Attach(BSTR text) noexcept
{
    SysFreeString(text_);
    text_ = text;
    forget_utf8();
}

BSTR* _bstr_t::GetAddress() noexcept
{
    Attach(nullptr);
    return &text_;
}

char* _bstr_t::utf8() const
{
    if (char* const made = utf8_.load(std::memory_order_acquire)) return made;
    if (text_ == nullptr) return nullptr;

    const std::string bytes = to_utf8(view(text_));
    auto* const mine = new char[bytes.size() + 1];
    std::memcpy(mine, bytes.c_str(), bytes.size() + 1);
    char* first = nullptr;
    if (utf8_.compare_exchange_strong(first, mine, std::memory_order_acq_rel)) return mine;
    delete[] mine; // another thread was faster
    return first;
}

void _bstr_t::forget_utf8() noexcept
{
    delete[] utf8_.exchange(nullptr, std::memory_order_acq_rel);
}

bool operator==(const _bstr_t& left, const _bstr_t& right) noexcept
{
    return view(left.GetBSTR()) == view(right.GetBSTR());
}
