// SPDX-License-Identifier: BSL-1.0
#include "run/event_loop.hpp"

#include <asio/post.hpp>
#include <asio/strand.hpp>

#include <algorithm>
#include <utility>

namespace vmtask::detail {

event_loop::event_loop(engine_core& core, std::size_t thread_count, thread_group::exception_handler on_exception,
                       const std::optional<loop_executor>& given)
    : thread_count_(std::max<std::size_t>(thread_count, 1)),
      foreign_(given ? foreign_loop::behind(*given) : nullptr),
      executor_(given
                    ? *given
                    : threads_.emplace(core, thread_kind::event_loop, std::move(on_exception)).context().get_executor())
{
}

void event_loop::start()
{
    while (threads_ && threads_->size() < thread_count_) threads_->add_thread();
}

void event_loop::join()
{
    if (!threads_) return;
    if (pins_.fetch_or(closed, std::memory_order_acq_rel) != 0) {
        const mutex_guard lock(mutex_);
        while (!is_unpinned_) last_pin_gone_.wait(mutex_);
    }
    threads_->join();
}

asio::any_io_executor event_loop::coroutine_executor()
{
    // One thread already calls a coroutine's handlers one at a time; how many the
    // caller really has, only he knows.
    if (threads_ && thread_count_ == 1) return executor_;
    return asio::make_strand(executor_);
}

bool event_loop::pin() noexcept
{
    if (foreign_) return foreign_->pin();
    if ((pins_.fetch_add(1, std::memory_order_acq_rel) & closed) == 0) return true;
    unpin();
    return false;
}

void event_loop::unpin() noexcept
{
    if (foreign_) return foreign_->unpin();
    if (pins_.fetch_sub(1, std::memory_order_acq_rel) - 1 != closed) return;
    // Told under the lock: as soon as it is free the loop may be gone.
    const mutex_guard lock(mutex_);
    is_unpinned_ = true;
    last_pin_gone_.notify_all();
}

bool event_loop::deliver(loop_delivery& added) noexcept
{
    if (!threads_ || thread_count_ > 1) return false;
    if (deliveries_.add(added)) ask_for_deliveries();
    return true;
}

void event_loop::ask_for_deliveries() noexcept
{
    if (deliveries_asked_.exchange(true, std::memory_order_acq_rel)) return;
    asio::post(executor_, engine_handler(memory_, [this] { deliver_some(); }));
}

/// Then other handlers of the io_context get their turn.
void event_loop::deliver_some()
{
    // First: whoever adds from now on asks anew.
    deliveries_asked_.exchange(false, std::memory_order_acq_rel);
    constexpr int most = 64;
    try {
        for (int delivered = 0; delivered < most; ++delivered) {
            loop_delivery* const next = deliveries_.pop();
            if (!next) return;
            next->deliver();
        }
    } catch (...) {
        // A handler has thrown; the others are still owed their call.
        ask_for_deliveries();
        throw;
    }
    ask_for_deliveries();
}

} // namespace vmtask::detail
