// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vmtask::vhd::detail {

/// What is no UTF-16, such as half a pair, becomes U+FFFD.
[[nodiscard]] std::string to_utf8(std::u16string_view text);

/// Nothing if `text` is no UTF-8: the name of a file may be any bytes.
[[nodiscard]] std::optional<std::u16string> to_utf16(std::string_view text);

} // namespace vmtask::vhd::detail
