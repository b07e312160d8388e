// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstdint>
#include <optional>

namespace vmtask::vhd::detail {

/// When the open file was last changed, in seconds since 2000-01-01 UTC.
/// Nothing if that cannot be known or said.
[[nodiscard]] std::optional<std::uint32_t> time_of(int descriptor);

} // namespace vmtask::vhd::detail
