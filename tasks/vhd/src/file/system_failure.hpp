// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <string_view>

namespace vmtask::vhd::detail {

/// Throws what an errno means for a disk: one of our codes where there is one,
/// else the system's, with `what` we could not do and what the user can.
[[noreturn]] void fail_by_system(std::string_view name, std::string_view what, int error);

} // namespace vmtask::vhd::detail
