// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/deadline_entry.hpp"
#include <vmtask/detail/engine_access.hpp>

#include <chrono>

namespace vmtask::detail {

class event_log;
class timer_loop;

/// Looks now and then at how far the running tasks are, so that bodies which
/// report a million times make a few events, and pay for none.
///
/// It sleeps while nothing runs, and while there is no reader.
class progress_sampler final : public deadline_entry {
public:
    progress_sampler(engine_core& core, event_log& log, timer_loop& timers, loop_executor loop,
                     std::chrono::steady_clock::duration interval) noexcept;

    /// Under the log's lock: there may be something to look at.
    void wake_locked() noexcept;
    /// Under the log's lock: it has looked.
    void sleep_locked() noexcept { awake_ = false; }

private:
    bool claim_expiry() noexcept override { return true; }
    void expire() noexcept override;
    void sample() noexcept;

    engine_core& core_;
    event_log& log_;
    timer_loop& timers_;
    const loop_executor loop_;
    const std::chrono::steady_clock::duration interval_; // zero or less: there are no samples
    bool awake_ = false;                                 // guarded by the log's lock; for ever when the loop has gone
};

} // namespace vmtask::detail
