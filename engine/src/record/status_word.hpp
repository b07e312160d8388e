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

    /// How a start came out.
    enum class start_answer : std::uint8_t {
        started,
        claimed, ///< Somebody else ends the task, unstarted.
        held,    ///< A pause came first; the task stays queued.
    };
    /// Queued to running. `claimed`, too, when it was not queued any more.
    [[nodiscard]] start_answer start() noexcept;
    /// Running to queued, for another attempt. False when a cancel came first, or
    /// the task is not running.
    [[nodiscard]] bool requeue() noexcept;
    /// Makes a queued task the caller's to end, which nobody has asked to stop.
    /// False when it has begun, or is somebody else's.
    [[nodiscard]] bool claim_queued() noexcept;
    [[nodiscard]] bool is_claimed() const noexcept
    {
        return (bits_.load(std::memory_order_acquire) & bit_claimed) != 0;
    }

    /// How a request to cancel came out.
    enum class cancel_answer : std::uint8_t {
        refused_not_cancelable,
        refused_already_ended,
        requested,        ///< The body has begun and is to be told.
        requested_before, ///< So it was already; nothing is left to do.
        claimed,          ///< The task was queued and is the caller's to end.
    };
    [[nodiscard]] cancel_answer request_cancel() noexcept;
    /// The same if the task is queued; requested_before if it is not.
    [[nodiscard]] cancel_answer request_cancel_queued() noexcept;

    /// False when a cancel was requested; else no cancel is accepted any more.
    [[nodiscard]] bool pass_point_of_no_return() noexcept;

    /// From now on the task is to be held: it does not begin, and its body
    /// stays in the next checkpoint. False when the task has ended.
    [[nodiscard]] bool hold() noexcept;
    void let_go() noexcept;
    [[nodiscard]] bool is_held() const noexcept { return (bits_.load(std::memory_order_acquire) & bit_held) != 0; }
    /// Running to paused, if the task is held and nobody asked it to stop; and
    /// back. True when it was paused before; false in any other state.
    [[nodiscard]] bool pause() noexcept;
    bool unpause() noexcept;
    /// True when a checkpoint has something to do.
    [[nodiscard]] bool needs_checkpoint() const noexcept
    {
        return (bits_.load(std::memory_order_acquire) & (bit_cancel_requested | bit_held)) != 0;
    }

    /// Notes that another task is a part of this one, which is not to end
    /// before. False when it has ended, or is about to.
    [[nodiscard]] bool note_part() noexcept;
    /// Takes no first part from now on. True when there are parts.
    [[nodiscard]] bool close_for_parts() noexcept;
    [[nodiscard]] bool has_parts() const noexcept
    {
        return (bits_.load(std::memory_order_acquire) & bit_has_parts) != 0;
    }

    [[nodiscard]] bool has_waiters() const noexcept
    {
        return (bits_.load(std::memory_order_acquire) & bit_has_waiters) != 0;
    }
    /// Notes that somebody waits. False when the task has ended: too late.
    [[nodiscard]] bool note_waiter() noexcept;

    /// How an attempt to end came out.
    enum class end_answer : std::uint8_t {
        ended,
        ended_with_waiters, ///< Somebody waits and is to be told.
        has_parts,          ///< Not ended: others are part of it.
        refused,            ///< It had ended before, and stays as it was.
    };
    /// Latches the end, unless there are parts that nobody has looked after.
    [[nodiscard]] end_answer end(task_state terminal, bool parts_have_ended) noexcept;

private:
    using bits = std::uint32_t;

    static constexpr bits mask_state = 7;
    static constexpr bits bit_cancel_requested = 8;
    static constexpr bits bit_not_cancelable = 16;
    static constexpr bits bit_has_waiters = 32;
    // A queued task that somebody is about to end: not to be started, and not
    // ended yet, because its body is being destroyed.
    static constexpr bits bit_claimed = 64;
    static constexpr bits bit_held = 128;
    static constexpr bits bit_has_parts = 256;
    static constexpr bits bit_closed_for_parts = 512;

    static task_state state_of(bits value) noexcept { return static_cast<task_state>(value & mask_state); }
    template <class Refuses>
    bool change_state(task_state to, Refuses refuses) noexcept;

    std::atomic<bits> bits_;
};

} // namespace vmtask::detail
