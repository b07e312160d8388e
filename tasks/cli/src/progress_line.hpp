// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/progress.hpp>

#include "pace.hpp"

#include <cstddef>
#include <string>

namespace vmtask::cli {

/// As in " 43 %  1.2 GiB of 2.8 GiB, 512 MiB/s, 0:03 left: moving blocks".
/// What is not known is not there.
[[nodiscard]] std::string progress_line(const progress_snapshot& now, const pace& speed);

/// The same for one line of a terminal that is `width` columns wide, behind a
/// bar where there is room for one. Never longer than that, and one column is
/// left free, so that the terminal does not begin a new line.
[[nodiscard]] std::string progress_bar(const progress_snapshot& now, const pace& speed, std::size_t width);

} // namespace vmtask::cli
