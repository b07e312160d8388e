// SPDX-License-Identifier: BSL-1.0
#include "run/registry.hpp"

#include "run/reaped_tasks.hpp"
#include "run/released_tasks.hpp"

#include <chrono>

namespace vmtask::detail {

released_tasks::~released_tasks()
{
    while (task_record* const dropped = list_.pop_front()) {
        if (dropped->keeps_value()) reaped_.release(*dropped);
        else dropped->release_engines_reference();
    }
    if (task_record* const ended = without_value_) {
        ended->destroy_value();
        ended->release_reference();
    }
}

void registry::add(task_record& posted) noexcept
{
    table_.add(posted.id(), posted);
    ++settled_;
}

void registry::unlist(task_record& refused) noexcept
{
    table_.remove(refused.id());
    --settled_;
}

void registry::withdraw() noexcept
{
    ++settled_;
    ++ended_;
}

void registry::retire(task_record& ended, steady_time now, released_tasks& released) noexcept
{
    note_end(ended, now);
    retained_.push_back(ended);
    ended.is_retained_ = true;
    if (withhold_value(ended, 1)) released.add_value_of(ended);
    ++ended_;
}

/// Under the lock nobody finds the task, so nobody else gets to refer to it.
bool registry::withhold_value(task_record& ended, std::uint32_t references) noexcept
{
    if (!ended.is_retained_) return false;
    if (ended.references_.load(std::memory_order_acquire) != (references | task_record::bit_keeps_value)) return false;
    ended.references_.fetch_and(~task_record::bit_keeps_value, std::memory_order_relaxed);
    ended.withhold_value();
    return true;
}

void registry::note_end(task_record& ended, steady_time now) noexcept
{
    if (ended.ended_at_ == steady_time{}) ended.ended_at_ = now;
}

std::uint64_t registry::prune(steady_time now, released_tasks& released) noexcept
{
    std::uint64_t evicted = 0;
    const auto is_too_old = [&](const task_record& oldest) { return now - oldest.ended_at_ >= retain_.age; };
    while (!retained_.empty() && (retained_.size() > retain_.count || is_too_old(*retained_.first()))) {
        release(*retained_.first(), released);
        ++evicted;
    }
    return evicted;
}

void registry::clear(released_tasks& released) noexcept
{
    while (!retained_.empty()) release(*retained_.first(), released);
}

void registry::release(task_record& retained, released_tasks& released) noexcept
{
    retained_.remove(retained);
    retained.is_retained_ = false;
    table_.remove(retained.id());
    released.add(retained);
}

steady_time registry::next_prune() const noexcept
{
    if (retained_.empty()) return deadline_never;
    // A little late rather than twice: the kernel's coarse clock lags behind.
    constexpr auto slack = std::chrono::milliseconds(20);
    const steady_time ended_at = retained_.first()->ended_at_;
    return retain_.age < deadline_never - ended_at - slack ? ended_at + retain_.age + slack : deadline_never;
}

} // namespace vmtask::detail
