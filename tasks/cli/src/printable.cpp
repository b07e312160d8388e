// SPDX-License-Identifier: BSL-1.0

#include "printable.hpp"

namespace vmtask::cli {

std::string printable(std::string_view text)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string shown;
    shown.reserve(text.size());
    for (const char character : text) {
        const auto code = static_cast<unsigned char>(character);
        if (character == '\n') shown += "\\n";
        else if (character == '\t') shown += "\\t";
        else if (code < 0x20 || code == 0x7f) shown += {'\\', 'x', digits[code / 16], digits[code % 16]};
        else shown += character;
    }
    return shown;
}

} // namespace vmtask::cli
