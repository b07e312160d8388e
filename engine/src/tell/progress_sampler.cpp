// SPDX-License-Identifier: BSL-1.0
#include "tell/progress_sampler.hpp"

#include "base/engine_core.hpp"
#include "tell/event_log.hpp"
#include "time/timer_loop.hpp"

#include <asio/post.hpp>

#include <new>

namespace vmtask::detail {

using std::chrono::steady_clock;

progress_sampler::progress_sampler(engine_core& core, event_log& log, timer_loop& timers, loop_executor loop,
                                   steady_clock::duration interval) noexcept
    : deadline_entry(deadline_never), core_(core), log_(log), timers_(timers), loop_(loop), interval_(interval)
{
}

void progress_sampler::wake_locked() noexcept
{
    if (awake_ || interval_ <= interval_.zero()) return;
    const steady_time now = steady_clock::now();
    if (interval_ >= deadline_never - now) return;
    awake_ = true;
    set_deadline(now + interval_);
    timers_.add(*this);
}

/// Not on the timer loop: there may be many tasks.
void progress_sampler::expire() noexcept
{
    const loop_pin pin(core_);
    if (!pin) return;
    try {
        asio::post(loop_, [this, kept = kept_core(core_)] { sample(); });
    } catch (const std::bad_alloc&) {
        log_.sampled();
    }
}

void progress_sampler::sample() noexcept
{
    try {
        for (const auto& running : log_.running_tasks()) log_.note_progress(*running.record, running.mark);
    } catch (const std::bad_alloc&) {
        // Whoever was not looked at is so the next time.
    }
    log_.sampled();
}

} // namespace vmtask::detail
