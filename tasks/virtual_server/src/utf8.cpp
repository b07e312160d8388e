// SPDX-License-Identifier: BSL-1.0

#include "utf8.hpp"

#include <cstddef>

namespace vmtask::virtual_server {

namespace {

constexpr char32_t replacement = 0xFFFD;

void append(std::string& text, char32_t code_point)
{
    const auto put = [&text](char32_t byte) { text.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
    const auto put_rest = [&](unsigned shift) { put(0x80 | ((code_point >> shift) & 0x3F)); };

    if (code_point < 0x80) {
        put(code_point);
    } else if (code_point < 0x800) {
        put(0xC0 | (code_point >> 6));
        put_rest(0);
    } else if (code_point < 0x10000) {
        put(0xE0 | (code_point >> 12));
        put_rest(6);
        put_rest(0);
    } else {
        put(0xF0 | (code_point >> 18));
        put_rest(12);
        put_rest(6);
        put_rest(0);
    }
}

struct decoded {
    char32_t code_point;
    std::size_t length; // bytes
};

decoded decode_first(std::string_view text) noexcept
{
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return {lead, 1};

    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    // The least that needs so many bytes: anything shorter is not UTF-8.
    constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    constexpr unsigned char payload[] = {0, 0, 0x1F, 0x0F, 0x07};
    if (lead < 0xC0 || lead >= 0xF8 || text.size() < length) return {replacement, 1};

    char32_t code_point = lead & payload[length];
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return {replacement, 1};
        code_point = (code_point << 6) | (byte(i) & 0x3F);
    }
    if (code_point < least[length] || !is_code_point(code_point)) return {replacement, 1};
    return {code_point, length};
}

} // namespace

std::string to_utf8(std::wstring_view text)
{
    std::string result;
    result.reserve(text.size());
    for (const wchar_t character : text) {
        const auto value = static_cast<char32_t>(character);
        append(result, is_code_point(value) ? value : replacement);
    }
    return result;
}

std::wstring from_utf8(std::string_view text)
{
    std::wstring result;
    result.reserve(text.size());
    while (!text.empty()) {
        const decoded first = decode_first(text);
        result.push_back(static_cast<wchar_t>(first.code_point));
        text.remove_prefix(first.length);
    }
    return result;
}

} // namespace vmtask::virtual_server
