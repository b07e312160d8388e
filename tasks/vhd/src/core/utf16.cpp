// SPDX-License-Identifier: BSL-1.0

#include "core/utf16.hpp"

#include <cstddef>
#include <cstdint>

namespace vmtask::vhd::detail {

namespace {

constexpr char32_t replacement = 0xFFFD;

constexpr bool is_first_half(char32_t unit) noexcept
{
    return unit >= 0xD800 && unit < 0xDC00;
}

constexpr bool is_second_half(char32_t unit) noexcept
{
    return unit >= 0xDC00 && unit < 0xE000;
}

/// Appends `character` as a lead byte and `more` bytes of six bits.
void append_utf8(std::string& text, char32_t character)
{
    const int more = character < 0x80 ? 0 : character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    constexpr unsigned leads[] = {0x00, 0xC0, 0xE0, 0xF0};
    text += static_cast<char>(leads[more] | (character >> (6 * more)));
    for (int i = more - 1; i >= 0; --i) text += static_cast<char>(0x80U | ((character >> (6 * i)) & 0x3FU));
}

/// Takes a character from the front; nothing if there is no valid one.
std::optional<char32_t> take_utf8(std::string_view& text)
{
    const auto lead = static_cast<std::uint8_t>(text.front());
    const std::size_t more = lead < 0x80 ? 0
        : lead < 0xC0                    ? 4
        : lead < 0xE0                    ? 1
        : lead < 0xF0                    ? 2
        : lead < 0xF8                    ? 3
                                         : 4;
    if (more == 4 || text.size() <= more) return std::nullopt;
    char32_t character = more == 0 ? lead : lead & (0x3FU >> more);
    for (std::size_t i = 1; i <= more; ++i) {
        const auto next = static_cast<std::uint8_t>(text[i]);
        if ((next & 0xC0U) != 0x80U) return std::nullopt;
        character = character << 6 | (next & 0x3FU);
    }
    constexpr char32_t least[] = {0, 0x80, 0x800, 0x10000};
    const bool is_half = is_first_half(character) || is_second_half(character);
    if (character < least[more] || character > 0x10FFFF || is_half) return std::nullopt;
    text.remove_prefix(more + 1);
    return character;
}

} // namespace

std::string to_utf8(std::u16string_view text)
{
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char32_t character = text[i];
        if (is_first_half(character) && i + 1 < text.size() && is_second_half(text[i + 1]))
            character = 0x10000 + ((character - 0xD800) << 10) + (text[++i] - 0xDC00U);
        else if (is_first_half(character) || is_second_half(character)) character = replacement;
        append_utf8(result, character);
    }
    return result;
}

std::optional<std::u16string> to_utf16(std::string_view text)
{
    std::u16string result;
    while (!text.empty()) {
        const auto character = take_utf8(text);
        if (!character) return std::nullopt;
        if (*character < 0x10000) {
            result += static_cast<char16_t>(*character);
        } else {
            result += static_cast<char16_t>(0xD800 + ((*character - 0x10000) >> 10));
            result += static_cast<char16_t>(0xDC00 + ((*character - 0x10000) & 0x3FF));
        }
    }
    return result;
}

} // namespace vmtask::vhd::detail
