// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/deadline_entry.hpp"
#include "base/ranked_mutex.hpp"
#include "base/small_mutex.hpp"
#include "run/reaper.hpp"

namespace vmtask::detail {

class context_wait;
class engine_core;
class timer_loop;

/// Waits that have come to their end, but could not be told for want of memory.
/// The timer loop has the reaper try again a little later, which takes no memory.
///
/// Thread safety: all members.
class postponed_waits final : public deadline_entry, public reaper::job {
public:
    postponed_waits(engine_core& core, timer_loop& timers, reaper& teller) noexcept
        : deadline_entry(deadline_never), core_(core), timers_(timers), teller_(teller)
    {
    }

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
    void run() noexcept override { tell_due(); }
    void tell_due() noexcept;
    [[nodiscard]] context_wait* pop_due() noexcept;
    static bool remove_from(context_wait*& first, const context_wait& removed) noexcept;

    engine_core& core_; // which the waits are told of
    timer_loop& timers_;
    reaper& teller_;
    ranked_mutex<lock_rank::postponed_waits, small_mutex> mutex_;
    context_wait* first_ VMTASK_GUARDED_BY(mutex_) = nullptr;
    context_wait* due_ VMTASK_GUARDED_BY(mutex_) = nullptr;
    bool is_armed_ VMTASK_GUARDED_BY(mutex_) = false;
    bool is_closed_ VMTASK_GUARDED_BY(mutex_) = false;
};

} // namespace vmtask::detail
