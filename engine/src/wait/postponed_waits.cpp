// SPDX-License-Identifier: BSL-1.0
#include "wait/postponed_waits.hpp"

#include "base/engine_core.hpp"
#include "run/reaper.hpp"
#include "time/timer_loop.hpp"

#include "wait/wait_registry.hpp"

#include <chrono>
#include <utility>

namespace vmtask::detail {
namespace {

constexpr std::chrono::milliseconds delay{10};

} // namespace

bool postponed_waits::add(context_wait& untold) noexcept
{
    const mutex_guard lock(mutex_);
    if (is_closed_) return false;
    untold.next_postponed_ = std::exchange(first_, &untold);
    if (std::exchange(is_armed_, true)) return true;
    set_deadline(std::chrono::steady_clock::now() + delay);
    timers_.add(*this);
    return true;
}

bool postponed_waits::remove(context_wait& removed) noexcept
{
    const mutex_guard lock(mutex_);
    return remove_from(first_, removed) || remove_from(due_, removed);
}

void postponed_waits::close() noexcept
{
    {
        const mutex_guard lock(mutex_);
        is_closed_ = true;
    }
    timers_.remove(*this);
    tell_due();
}

/// Not on the timer loop: to post a handler may run code of the user's executor.
void postponed_waits::expire() noexcept
{
    teller_.add(*this);
}

/// Those that have to be put off again come back in `first_`, for the next time.
void postponed_waits::tell_due() noexcept
{
    {
        const mutex_guard lock(mutex_);
        is_armed_ = false;
        context_wait** end = &due_;
        while (*end) end = &(*end)->next_postponed_;
        *end = std::exchange(first_, nullptr);
    }
    while (context_wait* const next = pop_due()) next->tell(core_);
}

context_wait* postponed_waits::pop_due() noexcept
{
    const mutex_guard lock(mutex_);
    context_wait* const popped = due_;
    if (popped) due_ = popped->next_postponed_;
    return popped;
}

bool postponed_waits::remove_from(context_wait*& first, const context_wait& removed) noexcept
{
    context_wait** link = &first;
    while (*link && *link != &removed) link = &(*link)->next_postponed_;
    if (!*link) return false;
    *link = removed.next_postponed_;
    return true;
}

} // namespace vmtask::detail
