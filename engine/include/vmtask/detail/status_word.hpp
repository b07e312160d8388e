// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/error.hpp>
#include <vmtask/task_state.hpp>

#include <atomic>
#include <cstdint>

namespace vmtask::detail {

/// The one word that decides every race over a task: its state, whether a
/// cancel was requested, whether it still can be, and whether anybody waits.
///
/// All of it changes by compare-and-swap, so of a cancel and a start, a cancel
/// and a point of no return, a wait and an end, one is first and both know.
class status_word {
public:
    explicit status_word(bool cancelable) noexcept : bits_(cancelable ? 0 : bit_not_cancelable) {}

    [[nodiscard]] task_state state() const noexcept { return state_of(bits_.load(std::memory_order_acquire)); }
    [[nodiscard]] bool ended() const noexcept { return is_terminal(state()); }
    [[nodiscard]] bool cancel_requested() const noexcept
    {
        return (bits_.load(std::memory_order_acquire) & bit_cancel_requested) != 0;
    }
    [[nodiscard]] bool cancelable() const noexcept;

    /// Queued to running. False when a cancel came first; the task is then
    /// ended by whoever cancelled it.
    [[nodiscard]] bool start() noexcept;

    /// How a request to cancel came out.
    enum class cancel_answer : std::uint8_t {
        refused_not_cancelable,
        refused_already_ended,
        requested,        ///< The body has begun and is to be told.
        requested_before, ///< So it was already; nothing is left to do.
        claimed,          ///< The task was queued and is the caller's to end.
    };
    [[nodiscard]] cancel_answer request_cancel() noexcept;

    /// False when a cancel was requested; else no cancel is accepted any more.
    [[nodiscard]] bool pass_point_of_no_return() noexcept;

    /// Notes that somebody waits. False when the task has ended: too late.
    [[nodiscard]] bool note_waiter() noexcept;

    /// Latches the end. True when somebody waits and is to be told.
    [[nodiscard]] bool end(task_state terminal) noexcept;

private:
    using bits = std::uint32_t;

    static constexpr bits mask_state = 7;
    static constexpr bits bit_cancel_requested = 8;
    static constexpr bits bit_not_cancelable = 16;
    static constexpr bits bit_has_waiters = 32;
    // A queued task that was cancelled: not to be started, and not ended yet,
    // because its body is being destroyed.
    static constexpr bits bit_claimed = 64;

    static task_state state_of(bits value) noexcept { return static_cast<task_state>(value & mask_state); }
    static bits with_state(bits value, task_state to) noexcept;

    std::atomic<bits> bits_;
};

} // namespace vmtask::detail
