// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "record/waiter.hpp"

#include <atomic>
#include <cstdint>

namespace vmtask::detail {

/// A thread that waits, as a node on its own stack.
class blocking_waiter final : public waiter {
public:
    using waiter::waiter;

    void complete(wait_outcome outcome) noexcept override;

    /// Blocks until somebody has called complete().
    [[nodiscard]] wait_outcome wait() noexcept;

private:
    // A wait_outcome, or `parked`: the thread sleeps and must be woken.
    std::atomic<std::uint32_t> signal_{static_cast<std::uint32_t>(wait_outcome::pending)};
};

} // namespace vmtask::detail
