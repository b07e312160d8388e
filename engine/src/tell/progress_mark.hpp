// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace vmtask::detail {

/// What a body has said of its progress, to see whether it says anything new.
struct progress_mark {
    double fraction = 0;
    std::uint64_t done = 0;
    std::uint64_t steps = 0;

    friend bool operator==(const progress_mark&, const progress_mark&) = default;
};

} // namespace vmtask::detail
