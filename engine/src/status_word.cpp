// SPDX-License-Identifier: BSL-1.0
#include <vmtask/detail/status_word.hpp>

#include <vmtask/detail/lifecycle.hpp>

#include <cassert>

namespace vmtask::detail {

status_word::bits status_word::with_state(bits value, task_state to) noexcept
{
    assert(can_follow(state_of(value), to));
    return (value & ~mask_state) | static_cast<bits>(to);
}

bool status_word::cancelable() const noexcept
{
    const bits now = bits_.load(std::memory_order_acquire);
    return (now & bit_not_cancelable) == 0 && refusal_of(verb::request_cancel, state_of(now)) == errc{};
}

status_word::start_answer status_word::start() noexcept
{
    bits now = bits_.load(std::memory_order_relaxed);
    do {
        if ((now & bit_claimed) != 0) return start_answer::claimed;
        if ((now & bit_held) != 0) return start_answer::held;
    } while (!bits_.compare_exchange_weak(now, with_state(now, task_state::running), std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
    return start_answer::started;
}

bool status_word::requeue() noexcept
{
    bits now = bits_.load(std::memory_order_relaxed);
    do {
        if ((now & bit_cancel_requested) != 0) return false;
    } while (!bits_.compare_exchange_weak(now, with_state(now, task_state::queued), std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
    return true;
}

bool status_word::claim_queued() noexcept
{
    bits now = bits_.load(std::memory_order_acquire);
    do {
        if (state_of(now) != task_state::queued || (now & bit_claimed) != 0) return false;
    } while (
        !bits_.compare_exchange_weak(now, now | bit_claimed, std::memory_order_acq_rel, std::memory_order_acquire));
    return true;
}

bool status_word::hold() noexcept
{
    bits now = bits_.load(std::memory_order_acquire);
    do {
        if (refusal_of(verb::pause, state_of(now)) != errc{}) return false;
    } while (!bits_.compare_exchange_weak(now, now | bit_held, std::memory_order_acq_rel, std::memory_order_acquire));
    return true;
}

void status_word::let_go() noexcept
{
    bits_.fetch_and(~bit_held, std::memory_order_acq_rel);
}

bool status_word::pause() noexcept
{
    bits now = bits_.load(std::memory_order_acquire);
    do {
        if ((now & bit_held) == 0 || (now & bit_cancel_requested) != 0) return false;
        if (state_of(now) == task_state::paused) return true;
    } while (!bits_.compare_exchange_weak(now, with_state(now, task_state::paused), std::memory_order_acq_rel,
                                          std::memory_order_acquire));
    return true;
}

bool status_word::unpause() noexcept
{
    bits now = bits_.load(std::memory_order_acquire);
    do {
        if (state_of(now) != task_state::paused) return false;
    } while (!bits_.compare_exchange_weak(now, with_state(now, task_state::running), std::memory_order_acq_rel,
                                          std::memory_order_acquire));
    return true;
}

bool status_word::note_part() noexcept
{
    bits now = bits_.load(std::memory_order_acquire);
    do {
        if (is_terminal(state_of(now))) return false;
        if ((now & bit_has_parts) != 0) return true;
        if ((now & bit_closed_for_parts) != 0) return false;
    } while (
        !bits_.compare_exchange_weak(now, now | bit_has_parts, std::memory_order_acq_rel, std::memory_order_acquire));
    return true;
}

bool status_word::close_for_parts() noexcept
{
    return (bits_.fetch_or(bit_closed_for_parts, std::memory_order_acq_rel) & bit_has_parts) != 0;
}

status_word::cancel_answer status_word::request_cancel_queued() noexcept
{
    bits now = bits_.load(std::memory_order_acquire);
    do {
        if (state_of(now) != task_state::queued || (now & bit_claimed) != 0) return cancel_answer::requested_before;
        if ((now & bit_not_cancelable) != 0) return cancel_answer::refused_not_cancelable;
    } while (!bits_.compare_exchange_weak(now, now | bit_claimed | bit_cancel_requested, std::memory_order_acq_rel,
                                          std::memory_order_acquire));
    return cancel_answer::claimed;
}

status_word::cancel_answer status_word::request_cancel() noexcept
{
    bits now = bits_.load(std::memory_order_acquire);
    for (;;) {
        if (refusal_of(verb::request_cancel, state_of(now)) != errc{}) return cancel_answer::refused_already_ended;
        if ((now & bit_not_cancelable) != 0) return cancel_answer::refused_not_cancelable;
        if ((now & bit_cancel_requested) != 0) return cancel_answer::requested_before;
        if ((now & bit_claimed) != 0) return cancel_answer::refused_already_ended; // as good as
        const bool queued = state_of(now) == task_state::queued;
        const bits next = now | bit_cancel_requested | (queued ? bit_claimed : 0);
        if (bits_.compare_exchange_weak(now, next, std::memory_order_acq_rel, std::memory_order_acquire))
            return queued ? cancel_answer::claimed : cancel_answer::requested;
    }
}

bool status_word::pass_point_of_no_return() noexcept
{
    bits now = bits_.load(std::memory_order_acquire);
    do {
        if ((now & bit_cancel_requested) != 0) return false;
    } while (!bits_.compare_exchange_weak(now, now | bit_not_cancelable, std::memory_order_acq_rel,
                                          std::memory_order_acquire));
    return true;
}

bool status_word::note_waiter() noexcept
{
    bits now = bits_.load(std::memory_order_acquire);
    do {
        if (is_terminal(state_of(now))) return false;
        if ((now & bit_has_waiters) != 0) return true;
    } while (
        !bits_.compare_exchange_weak(now, now | bit_has_waiters, std::memory_order_acq_rel, std::memory_order_acquire));
    return true;
}

status_word::end_answer status_word::end(task_state terminal, bool parts_have_ended) noexcept
{
    assert(is_terminal(terminal));
    bits now = bits_.load(std::memory_order_relaxed);
    do {
        if ((now & bit_has_parts) != 0 && !parts_have_ended) return end_answer::has_parts;
    } while (!bits_.compare_exchange_weak(now, with_state(now, terminal), std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
    return (now & bit_has_waiters) != 0 ? end_answer::ended_with_waiters : end_answer::ended;
}

} // namespace vmtask::detail
