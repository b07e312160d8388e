// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/turnstile.hpp"

#include <vmtask/task_journal.hpp>

#include <memory>
#include <utility>

namespace vmtask::detail {

/// The engine's journal, until the engine lets it go.
///
/// Thread safety: all members, but for close(), which comes last.
class journal_seat {
public:
    explicit journal_seat(std::shared_ptr<task_journal> journal) noexcept
        : owned_(std::move(journal)), seated_(owned_.get())
    {
    }

    /// False when there is nobody, also later.
    [[nodiscard]] bool is_taken() const noexcept { return seated_ != nullptr; }

    /// Null when there is nobody, or nobody any more; else leave() is to follow.
    [[nodiscard]] task_journal* enter() noexcept { return seated_ && entrance_.enter() ? seated_ : nullptr; }
    void leave() noexcept { entrance_.leave(); }

    /// Waits for those inside, and lets the journal go.
    void close() noexcept
    {
        entrance_.close();
        owned_.reset();
    }

private:
    std::shared_ptr<task_journal> owned_;
    task_journal* const seated_;
    turnstile entrance_;
};

} // namespace vmtask::detail
