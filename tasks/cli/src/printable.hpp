// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace vmtask::cli {

/// The text on one line, for the name of a file may contain anything: control
/// characters are shown as \n, \t or \x1b, other bytes stay as they are.
[[nodiscard]] std::string printable(std::string_view text);

} // namespace vmtask::cli
