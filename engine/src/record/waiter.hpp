// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/deadline_entry.hpp"

#include <atomic>
#include <cstdint>

namespace vmtask::detail {

class give_up_handler;
class task_record;
class waiter_list;

enum class wait_outcome : std::uint32_t { pending, completed, timed_out, given_up };

/// One wait for one task: a node on the caller's stack or in a handler's
/// memory, listed with the task and, while it has a deadline, with the timer
/// loop.
///
/// The end of the task, the timer and giving up race for it by claim(). Losers
/// touch it only under the lock of the list in which they found it; the winner
/// takes it out of every list and then calls complete(), once, as its last
/// touch.
class waiter : public deadline_entry {
public:
    explicit waiter(steady_time deadline) noexcept : deadline_entry(deadline) {}

    /// Tells the one who waits. The waiter may be gone when this returns.
    virtual void complete(wait_outcome outcome) noexcept = 0;

    /// Takes the wait back. True when nobody will complete it any more; false
    /// when somebody has, or is about to, or when it was never listed.
    [[nodiscard]] bool withdraw() noexcept;

protected:
    ~waiter() = default;

private:
    friend class waiter_list;
    friend class task_record;

    [[nodiscard]] bool claim() noexcept { return !claimed_.exchange(true, std::memory_order_acq_rel); }
    bool claim_expiry() noexcept final { return claim(); }
    void expire() noexcept final;

    std::atomic<bool> claimed_{false};
    // Set when the wait is listed; the task outlives its waiters.
    task_record* record_ = nullptr;
    // Guarded by the task's lock.
    waiter_list* list_ = nullptr;
    waiter* next_waiter_ = nullptr;
    waiter* previous_waiter_ = nullptr;
    give_up_handler* give_up_ = nullptr;
};

/// The waiters of one task, in order of arrival. The task's lock guards it and
/// the links of everything in it.
class waiter_list {
public:
    void push_locked(waiter& added) noexcept;
    /// Takes a waiter out of the list that it is in, if it is in one.
    static void remove_locked(waiter& removed) noexcept;
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    /// Takes the waiters out, oldest first, and returns the first that is ours
    /// to complete; nullptr when none is left.
    [[nodiscard]] waiter* pop_claimed_locked() noexcept;

private:
    waiter* first_ = nullptr; // whose previous one is the last
};

} // namespace vmtask::detail
