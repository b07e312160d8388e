// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace vmtask::detail {

/// How many of its tasks a wait is for.
enum class wait_kind : std::uint8_t { all, any };

} // namespace vmtask::detail
