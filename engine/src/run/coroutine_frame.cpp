// SPDX-License-Identifier: BSL-1.0
#include <vmtask/detail/coroutine_frame.hpp>

#include "base/engine_core.hpp"
#include "base/ranked_mutex.hpp"
#include "record/task_record.hpp"

#include <vmtask/detail/engine_access.hpp>

#include <asio/cancellation_type.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

#include <memory>
#include <mutex>
#include <new>

namespace vmtask::detail {

struct coroutine_frame::state {
    explicit state(task_record& whose) noexcept : task(whose) {}

    void post_emit_locked() VMTASK_REQUIRES(mutex);
    void emit() noexcept;
    [[nodiscard]] bool has_frame() const noexcept
    {
        const mutex_guard lock(mutex);
        return static_cast<bool>(executor);
    }

    task_record& task;
    asio::cancellation_signal signal;
    mutable ranked_mutex<lock_rank::coroutine_executor, std::mutex> mutex;
    asio::any_io_executor executor VMTASK_GUARDED_BY(mutex); // empty unless there is a frame
    bool is_cancel_missed VMTASK_GUARDED_BY(mutex) = false;
};

coroutine_frame::coroutine_frame(task_record& task) noexcept
{
    static_assert(sizeof(state) <= sizeof(state_) && alignof(state) <= alignof(std::max_align_t));
    ::new (static_cast<void*>(state_)) state(task);
}

coroutine_frame::~coroutine_frame()
{
    std::destroy_at(&now());
}

coroutine_frame::state& coroutine_frame::now() const noexcept
{
    return *std::launder(reinterpret_cast<state*>(state_));
}

asio::cancellation_slot coroutine_frame::slot() noexcept
{
    return now().signal.slot();
}

bool coroutine_frame::is_strand(const asio::any_io_executor& executor) noexcept
{
    return executor.target<asio::strand<loop_executor>>() != nullptr;
}

bool coroutine_frame::exists() const noexcept
{
    return now().has_frame();
}

bool coroutine_frame::is_on_this_thread() const noexcept
{
    const state& frame = now();
    const mutex_guard lock(frame.mutex);
    const auto* const strand = frame.executor.target<asio::strand<loop_executor>>();
    return strand && strand->running_in_this_thread();
}

void coroutine_frame::begin_on(const asio::any_io_executor& executor)
{
    assert_no_lock_held("a coroutine begins");
    state& frame = now();
    const mutex_guard lock(frame.mutex);
    frame.executor = executor;
    // It came after the begin, but before there was an executor to send it to.
    if (frame.is_cancel_missed) frame.post_emit_locked();
}

void coroutine_frame::end() noexcept
{
    state& frame = now();
    const mutex_guard lock(frame.mutex);
    frame.executor = asio::any_io_executor();
}

void coroutine_frame::cancel() noexcept
{
    state& frame = now();
    const loop_pin pin(frame.task.core());
    const mutex_guard lock(frame.mutex);
    if (!frame.executor) frame.is_cancel_missed = true;
    else if (pin) frame.post_emit_locked();
}

void coroutine_frame::state::post_emit_locked()
{
    asio::post(executor, [this, kept = share(task)] { emit(); });
}

/// On the body's executor, where alone the signal may be touched.
void coroutine_frame::state::emit() noexcept
{
    assert_no_lock_held("a coroutine is cancelled");
    if (has_frame()) signal.emit(asio::cancellation_type::terminal);
}

} // namespace vmtask::detail
