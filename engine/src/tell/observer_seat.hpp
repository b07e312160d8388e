// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/turnstile.hpp"

#include <vmtask/task_observer.hpp>

#include <memory>
#include <utility>

namespace vmtask::detail {

/// The engine's observer, until the engine lets it go.
///
/// Thread safety: all members, but for close(), which comes last.
class observer_seat {
public:
    explicit observer_seat(std::shared_ptr<task_observer> observer) noexcept
        : owned_(std::move(observer)), seated_(owned_.get())
    {
    }

    /// False when nobody observes, also later.
    [[nodiscard]] bool is_taken() const noexcept { return seated_ != nullptr; }

    /// Null when nobody observes, or no more; else leave() is to follow.
    [[nodiscard]] task_observer* enter() noexcept { return seated_ && entrance_.enter() ? seated_ : nullptr; }
    void leave() noexcept { entrance_.leave(); }

    /// Waits for those inside, and lets the observer go.
    void close() noexcept
    {
        entrance_.close();
        owned_.reset();
    }

private:
    std::shared_ptr<task_observer> owned_;
    task_observer* const seated_;
    turnstile entrance_;
};

} // namespace vmtask::detail
