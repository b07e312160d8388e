// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "record/waiter.hpp"

#include <vmtask/detail/awaited_tasks.hpp>

#include <atomic>
#include <cstddef>
#include <span>

namespace vmtask::detail {

/// One wait for several tasks: a waiter with each of them, and one that is with
/// none and can be given up.
///
/// The first of them to know decides the outcome; then the others are taken
/// back. Those that somebody else has claimed by then are on their way to
/// complete(), so finished() is called only when the last has arrived: nothing
/// is left with any task then, and nobody will touch the set again.
class wait_set {
public:
    wait_set(const wait_set&) = delete;
    wait_set& operator=(const wait_set&) = delete;

    class member final : public waiter {
    public:
        member(wait_set& set, std::size_t index, steady_time deadline) noexcept
            : waiter(deadline), set_(set), index_(index)
        {
        }
        void complete(wait_outcome outcome) noexcept override { set_.hear(outcome, index_); }

    private:
        wait_set& set_;
        const std::size_t index_;
    };

    /// Begins the wait: makes members in `places`, which has room for as many
    /// as there are tasks and is never destroyed before finished(). That may be
    /// called before this returns.
    /// Precondition: there are tasks, none of them null.
    void begin(std::span<task_record* const> tasks, member* places, give_up_handler* give_up) noexcept;

protected:
    wait_set(wait_kind kind, steady_time deadline) noexcept
        : kind_(kind), deadline_(deadline), anchor_(*this, no_index, deadline_never)
    {
    }
    ~wait_set() = default;

    /// Ends the wait as given up, unless it has come to its end.
    void give_up() noexcept;

    // What came out; constant once finished() is called.
    [[nodiscard]] wait_outcome outcome() const noexcept { return outcome_.load(std::memory_order_relaxed); }
    /// The task that decided a completed wait.
    [[nodiscard]] std::size_t index() const noexcept
    {
        return outcome() == wait_outcome::completed ? index_ : no_index;
    }

private:
    /// Called once, as the last that is done to the set.
    virtual void finished() noexcept = 0;

    [[nodiscard]] steady_time deadline_of(std::size_t index) const noexcept;
    void hear(wait_outcome outcome, std::size_t index) noexcept;
    void decide(wait_outcome outcome) noexcept;
    void meet() noexcept;
    void withdraw_members() noexcept;
    void release(std::size_t count) noexcept;

    const wait_kind kind_;
    const steady_time deadline_;
    std::atomic<wait_outcome> outcome_{wait_outcome::pending};
    std::atomic<bool> met_{false};        // all are listed, or the outcome is decided
    std::atomic<std::size_t> missing_{0}; // ends of tasks until the wait completes
    std::atomic<std::size_t> held_{0};    // members that will still be heard, and begin()
    std::size_t index_ = no_index;        // written by who takes missing_ to zero

    // Written by begin(), read after both have met.
    member* members_ = nullptr;
    std::size_t listed_ = 0;
    bool can_be_given_up_ = false;
    member anchor_;
};

/// True when a wait for the tasks is complete already; `index` is then the
/// first of those that have ended.
[[nodiscard]] bool is_complete(wait_kind kind, std::span<task_record* const> tasks, std::size_t& index) noexcept;

} // namespace vmtask::detail
