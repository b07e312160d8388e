// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/ranked_mutex.hpp"
#include "tell/duration_counter.hpp"

#include <vmtask/detail/deadline.hpp>
#include <vmtask/detail/engine_access.hpp>
#include <vmtask/metrics.hpp>

#include <mutex>

namespace vmtask::detail {

/// Measures how long handlers wait for the event loop, by one of its own.
///
/// Thread safety: all members.
class event_loop_probe {
public:
    event_loop_probe(engine_core& core, loop_executor loop) noexcept : core_(core), loop_(loop) {}

    /// Sends one, unless one is on its way. Throws std::bad_alloc.
    void send();
    void read(metrics_snapshot& into) const;

private:
    void arrive() noexcept;

    engine_core& core_;
    const loop_executor loop_;

    mutable ranked_mutex<lock_rank::event_loop_probe, std::mutex> mutex_;
    duration_counter delays_ VMTASK_GUARDED_BY(mutex_);
    steady_time sent_at_ VMTASK_GUARDED_BY(mutex_) = deadline_never; // that while none is on its way
    duration_counter::duration latest_ VMTASK_GUARDED_BY(mutex_){};
};

} // namespace vmtask::detail
