// SPDX-License-Identifier: BSL-1.0
#include "record/waiter.hpp"

#include "record/task_record.hpp"

#include <utility>

namespace vmtask::detail {

void waiter::expire() noexcept
{
    record_->detach(*this);
    complete(wait_outcome::timed_out);
}

bool waiter::withdraw() noexcept
{
    return record_ && !claimed_.load(std::memory_order_relaxed) && record_->withdraw_waiter(*this);
}

// In a ring backwards, and to an end forwards, so that a list costs a task one pointer.

void waiter_list::push_locked(waiter& added) noexcept
{
    added.list_ = this;
    added.next_waiter_ = nullptr;
    if (first_) {
        added.previous_waiter_ = first_->previous_waiter_;
        added.previous_waiter_->next_waiter_ = &added;
    } else {
        first_ = &added;
    }
    first_->previous_waiter_ = &added;
}

void waiter_list::remove_locked(waiter& removed) noexcept
{
    waiter_list* const list = std::exchange(removed.list_, nullptr);
    if (!list) return;
    waiter* const next = removed.next_waiter_;
    if (list->first_ == &removed) list->first_ = next;
    else removed.previous_waiter_->next_waiter_ = next;
    if (next) next->previous_waiter_ = removed.previous_waiter_;
    else if (list->first_) list->first_->previous_waiter_ = removed.previous_waiter_;
}

waiter* waiter_list::pop_claimed_locked() noexcept
{
    while (waiter* const oldest = first_) {
        remove_locked(*oldest);
        if (oldest->claim()) return oldest;
    }
    return nullptr;
}

} // namespace vmtask::detail
