// SPDX-License-Identifier: BSL-1.0
#include "record/status_word.hpp"

#include "record/lifecycle.hpp"

namespace vmtask::detail {

/// The only place where a state is written. The table has the last word, in every
/// build: a state that it does not let follow is refused, so that no end is undone.
template <class Refuses>
bool status_word::change_state(task_state to, Refuses refuses) noexcept
{
    bits now = bits_.load(std::memory_order_acquire);
    do {
        if (refuses(now) || !can_follow(state_of(now), to)) return false;
    } while (!bits_.compare_exchange_weak(now, (now & ~mask_state) | static_cast<bits>(to), std::memory_order_acq_rel,
                                          std::memory_order_acquire));
    return true;
}

bool status_word::cancelable() const noexcept
{
    const bits now = bits_.load(std::memory_order_acquire);
    return (now & bit_not_cancelable) == 0 && refusal_of(verb::request_cancel, state_of(now)) == errc{};
}

status_word::start_answer status_word::start() noexcept
{
    start_answer answer = start_answer::started;
    const bool has_started = change_state(task_state::running, [&](bits now) {
        answer = (now & bit_claimed) != 0 ? start_answer::claimed
            : (now & bit_held) != 0       ? start_answer::held
                                          : start_answer::started;
        return answer != start_answer::started || state_of(now) != task_state::queued;
    });
    // Begun already, or ended: as if somebody else had it.
    return has_started || answer != start_answer::started ? answer : start_answer::claimed;
}

bool status_word::requeue() noexcept
{
    return change_state(task_state::queued, [](bits now) { return (now & bit_cancel_requested) != 0; });
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
    bool is_paused = false;
    const auto refuses = [&](bits now) {
        const bool may_stay = (now & bit_held) != 0 && (now & bit_cancel_requested) == 0;
        is_paused = may_stay && state_of(now) == task_state::paused;
        return !may_stay;
    };
    return change_state(task_state::paused, refuses) || is_paused;
}

bool status_word::unpause() noexcept
{
    return change_state(task_state::running, [](bits now) { return state_of(now) != task_state::paused; });
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
    end_answer answer = end_answer::refused;
    const bool has_ended = change_state(terminal, [&](bits now) {
        answer = (now & bit_has_waiters) != 0 ? end_answer::ended_with_waiters : end_answer::ended;
        const bool waits_for_parts = (now & bit_has_parts) != 0 && !parts_have_ended;
        if (waits_for_parts && !is_terminal(state_of(now))) answer = end_answer::has_parts;
        return waits_for_parts || !is_terminal(terminal);
    });
    return has_ended || answer == end_answer::has_parts ? answer : end_answer::refused;
}

} // namespace vmtask::detail
