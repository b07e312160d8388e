// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/turnstile.hpp"

#include <vmtask/task_observer.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace vmtask::detail {

/// The engine's observers, until the engine lets them go.
///
/// Thread safety: all members, but for close(), which comes last.
class observer_seat {
public:
    /// None of them may be null.
    explicit observer_seat(std::vector<std::shared_ptr<task_observer>> observers) noexcept
        : observers_(std::move(observers)), is_taken_(!observers_.empty())
    {
    }

    /// False when nobody observes, also later.
    [[nodiscard]] bool is_taken() const noexcept { return is_taken_; }

    /// False when nobody observes, or no more; else leave() is to follow.
    [[nodiscard]] bool enter() noexcept { return is_taken_ && entrance_.enter(); }
    /// Calls `tell(task_observer&)` for each, in order; only inside.
    template <class Tell>
    void for_each(Tell tell) const
    {
        for (const auto& each : observers_) tell(*each);
    }
    void leave() noexcept { entrance_.leave(); }

    /// Waits for those inside, and lets the observers go.
    void close() noexcept
    {
        entrance_.close();
        observers_.clear();
    }

private:
    std::vector<std::shared_ptr<task_observer>> observers_;
    const bool is_taken_;
    turnstile entrance_;
};

} // namespace vmtask::detail
