// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/deadline_entry.hpp>
#include <vmtask/detail/small_mutex.hpp>

namespace vmtask::detail {

class context_wait;
class engine_core;

/// Waits that have come to their end, but could not be told for want of memory.
/// The timer loop tries again a little later, and takes no memory for that.
///
/// Thread safety: all members.
class postponed_waits final : public deadline_entry {
public:
    explicit postponed_waits(engine_core& core) noexcept : deadline_entry(deadline_never), core_(core) {}

    /// False once the engine is going: then the caller has to try again.
    [[nodiscard]] bool add(context_wait& untold) noexcept;
    /// False when it is not here, or about to be told.
    [[nodiscard]] bool remove(context_wait& removed) noexcept;
    /// Tells all that are left, however long memory lacks, and takes no more.
    /// The timer loop must still be there.
    void close() noexcept;

private:
    bool claim_expiry() noexcept override { return true; }
    void expire() noexcept override;
    void tell_due() noexcept;
    [[nodiscard]] context_wait* pop_due() noexcept;
    static bool remove_from(context_wait*& first, const context_wait& removed) noexcept;

    engine_core& core_;
    small_mutex mutex_;
    // Guarded by mutex_.
    context_wait* first_ = nullptr;
    context_wait* due_ = nullptr;
    bool is_armed_ = false;
    bool is_closed_ = false;
};

} // namespace vmtask::detail
