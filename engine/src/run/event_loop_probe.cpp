// SPDX-License-Identifier: BSL-1.0
#include "run/event_loop_probe.hpp"

#include "base/engine_core.hpp"

#include <asio/post.hpp>

#include <chrono>
#include <utility>

namespace vmtask::detail {

using std::chrono::steady_clock;

void event_loop_probe::send()
{
    const mutex_guard lock(mutex_);
    const loop_pin pin(core_);
    if (!pin || sent_at_ != deadline_never) return;
    sent_at_ = steady_clock::now();
    try {
        asio::post(loop_, [this, kept = kept_core(core_)] { arrive(); });
    } catch (...) {
        sent_at_ = deadline_never;
        throw;
    }
}

void event_loop_probe::arrive() noexcept
{
    const mutex_guard lock(mutex_);
    latest_ = steady_clock::now() - std::exchange(sent_at_, deadline_never);
    delays_.add(latest_);
}

void event_loop_probe::read(metrics_snapshot& into) const
{
    const mutex_guard lock(mutex_);
    into.event_loop_delay = delays_.read();
    into.event_loop_delay_latest = sent_at_ == deadline_never ? latest_ : steady_clock::now() - sent_at_;
}

} // namespace vmtask::detail
