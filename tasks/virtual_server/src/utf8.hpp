// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <string>
#include <string_view>

namespace vmtask::virtual_server {

static_assert(sizeof(wchar_t) == 4, "a wide character is taken for one code point");

/// False for surrogates and what lies beyond Unicode.
[[nodiscard]] constexpr bool is_code_point(char32_t value) noexcept
{
    return value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
}

/// What is no code point becomes U+FFFD.
[[nodiscard]] std::string to_utf8(std::wstring_view text);

/// Each byte that belongs to no code point becomes U+FFFD.
[[nodiscard]] std::wstring from_utf8(std::string_view text);

} // namespace vmtask::virtual_server
