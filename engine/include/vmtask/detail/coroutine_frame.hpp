// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/asio_guard.hpp>
#include <vmtask/detail/task_record.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_signal.hpp>

#include <cstddef>

namespace vmtask::detail {

/// The frame of a coroutine body, as far as it is not of the user's types: the executor
/// that it runs on, and how a cancel gets there.
///
/// Thread safety: all members but slot().
class coroutine_frame {
public:
    /// Of that task, as a part of its work.
    explicit coroutine_frame(task_record& task) noexcept;
    ~coroutine_frame();
    coroutine_frame(const coroutine_frame&) = delete;
    coroutine_frame& operator=(const coroutine_frame&) = delete;

    /// Where the frame hears of a cancel. To be touched only before the frame begins,
    /// and then on its executor.
    [[nodiscard]] asio::cancellation_slot slot() noexcept;

    /// Whether the executor calls one function at a time, wherever it does.
    [[nodiscard]] static bool is_strand(const asio::any_io_executor& executor) noexcept;

    [[nodiscard]] bool exists() const noexcept;
    [[nodiscard]] bool is_on_this_thread() const noexcept;
    /// The frame is about to begin. Throws std::bad_alloc.
    void begin_on(const asio::any_io_executor& executor);
    /// It has gone, or is going.
    void end() noexcept;
    /// Has the slot told on the frame's executor, once there is a frame.
    void cancel() noexcept;

private:
    struct state;

    [[nodiscard]] state& now() const noexcept;

    // The lock in it is the library's own affair.
    alignas(std::max_align_t) mutable std::byte state_[144];
};

} // namespace vmtask::detail
