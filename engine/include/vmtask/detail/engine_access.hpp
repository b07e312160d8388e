// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/asio_guard.hpp>
#include <vmtask/detail/intrusive_ptr.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>

#include <cstdint>
#include <memory>

namespace vmtask {
struct task_options;
}

namespace vmtask::detail {

class engine_core;
class journal_request;
class task_record;

using loop_executor = asio::io_context::executor_type;

/// True in a child that was forked since the engine was made; see vmtask::engine.
[[nodiscard]] bool is_left_behind(const engine_core& core) noexcept;

/// True when tasks with parameters are journalled.
[[nodiscard]] bool has_journal(const engine_core& core) noexcept;

/// The executor of the event loop. May be compared and copied even after the
/// engine is gone; to post to it takes a loop_pin.
[[nodiscard]] loop_executor event_loop_executor(engine_core& core) noexcept;

/// False when the event loop is the caller's, and may go when the caller wants.
[[nodiscard]] bool has_own_event_loop(const engine_core& core) noexcept;

/// Where a coroutine body is to run: the event loop, with its handlers one at
/// a time even if the loop has several threads. To be asked for on the loop.
[[nodiscard]] asio::any_io_executor coroutine_executor(engine_core& core);

/// Keeps the event loop running as long as it lives; empty when it was too
/// late, because the engine is gone.
class loop_pin {
public:
    loop_pin() noexcept = default;
    explicit loop_pin(engine_core& core) noexcept;
    loop_pin(loop_pin&& other) noexcept : core_(other.core_) { other.core_ = nullptr; }
    loop_pin& operator=(loop_pin&&) = delete;
    ~loop_pin();

    explicit operator bool() const noexcept { return core_ != nullptr; }

private:
    engine_core* core_ = nullptr;
};

/// Keeps an event loop of the caller's from running out of work.
class loop_work {
public:
    explicit loop_work(engine_core& core) noexcept;
    loop_work(const loop_work&) = delete;
    loop_work& operator=(const loop_work&) = delete;
    ~loop_work() { reset(); }

    void reset() noexcept;

private:
    engine_core* core_; // null when the loop is the engine's own, or the work is done
};

/// A place in the engine for one task more: refused before the body is moved,
/// given back when making the task fails.
class admission {
public:
    /// A shutdown that drains still takes parts, as the options may say, of tasks that
    /// have not ended. Null for no options. Throws std::system_error with
    /// errc::shutting_down or errc::queue_full.
    admission(engine_core& core, const task_options* options);
    ~admission();
    admission(const admission&) = delete;
    admission& operator=(const admission&) = delete;

    [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
    /// Lets the task in, which may have ended when this returns. Returns that task, or
    /// the one that it is joined with; see waiting_room::enter, also for errors. Where
    /// it throws, or returns another, the task was not posted. Blocks for the journal of
    /// a journalled task.
    [[nodiscard]] intrusive_ptr<task_record> post(intrusive_ptr<task_record> made);
    /// The same for a journalled task, without a thread that waits for the journal.
    [[nodiscard]] std::shared_ptr<journal_request> post_later(const intrusive_ptr<task_record>& made);

private:
    engine_core& core_;
    std::uint64_t id_;
    bool used_ = false;
};

} // namespace vmtask::detail
