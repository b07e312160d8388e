// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/turnstile.hpp"

#include <memory>
#include <utility>

namespace vmtask::detail {

/// Who was given to the engine to be told of its tasks, until the engine lets it go.
///
/// Thread safety: all members, but for close(), which comes last.
template <class Guest>
class seat {
public:
    explicit seat(std::shared_ptr<Guest> guest) noexcept : owned_(std::move(guest)), seated_(owned_.get()) {}

    /// False when there is nobody, also later.
    [[nodiscard]] bool is_taken() const noexcept { return seated_ != nullptr; }

    /// Null when there is nobody, or nobody any more; else leave() is to follow.
    [[nodiscard]] Guest* enter() noexcept { return seated_ && entrance_.enter() ? seated_ : nullptr; }
    void leave() noexcept { entrance_.leave(); }

    /// Waits for those inside, and lets the guest go.
    void close() noexcept
    {
        entrance_.close();
        owned_.reset();
    }

private:
    std::shared_ptr<Guest> owned_;
    Guest* const seated_;
    turnstile entrance_;
};

} // namespace vmtask::detail
