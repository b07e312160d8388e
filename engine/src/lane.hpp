// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "priority_queue.hpp"

#include <cstddef>

namespace vmtask::detail {

/// How many tasks of one kind may be under way, and those that wait for that.
///
/// Thread safety: none; the waiting room's lock guards it.
struct lane {
    explicit lane(std::chrono::steady_clock::duration aging) noexcept : waiting(aging) {}

    [[nodiscard]] bool is_full() const noexcept { return limit != 0 && under_way >= limit; }

    std::size_t limit = 0; // 0: none
    std::size_t under_way = 0;
    priority_queue waiting;
};

} // namespace vmtask::detail
