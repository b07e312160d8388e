// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/engine_access.hpp>
#include <vmtask/detail/loop_delivery.hpp>
#include <vmtask/detail/posted_wait.hpp>
#include <vmtask/detail/ranked_mutex.hpp>
#include <vmtask/detail/wait_registry.hpp>

#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/query.hpp>
#include <asio/system_context.hpp>
#include <asio/system_executor.hpp>

#include <concepts>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace vmtask::detail {

/// The context behind an executor, strands and any_io_executor included; null
/// where there is none. Null also for Asio's system executor, whose context
/// stays to the end of the program: to ask for it makes it, which terminates
/// where memory lacks.
template <class Executor>
[[nodiscard]] asio::execution_context* context_behind(const Executor& executor)
{
    const auto address_of = [](auto& found) -> asio::execution_context* {
        if constexpr (std::convertible_to<decltype(found), asio::execution_context&>)
            return &static_cast<asio::execution_context&>(found);
        else return nullptr;
    };
    if constexpr (requires { [](asio::system_context&) {}(asio::query(executor, asio::execution::context)); })
        return nullptr;
    else if constexpr (requires { [](auto&) {}(asio::query(executor, asio::execution::context)); })
        return address_of(asio::query(executor, asio::execution::context));
    else if constexpr (requires { [](auto&) {}(executor.context()); }) return address_of(executor.context());
    else return nullptr;
}

/// Where the handler of a wait is to run, and what keeps that place running:
/// the event loop of the task's own engine is pinned, any other context has a
/// registry of the waits in it. An event loop of the caller's is such a context,
/// which is looked at only when it is not gone.
template <class Executor>
class destination {
public:
    destination(engine_core& core, const Executor& executor) : executor_(executor)
    {
        asio::execution_context* const context = context_behind(executor);
        const bool is_loop = context && context == context_behind(event_loop_executor(core));
        if (is_loop) pin_.emplace(core);
        if (is_loop && (has_own_event_loop(core) || !*pin_)) return;
        attach(context);
        pin_.reset();
    }

    /// Pins nothing, as the wait may be one that the event loop must not stay for.
    explicit destination(const Executor& executor) : executor_(executor) { attach(context_behind(executor)); }

    /// Never runs the handler inside this call. When the event loop is gone,
    /// with its engine, a thread of Asio's system executor runs it instead.
    template <class Delivery>
    void post(Delivery&& delivered)
    {
        assert_no_lock_held("a handler is posted");
        if (pin_ && !*pin_) asio::post(asio::system_executor(), std::forward<Delivery>(delivered));
        else asio::post(executor_, std::forward<Delivery>(delivered));
    }

    /// Posts the wait, which may be gone by the time this returns. False when
    /// there was no memory for that; the wait is the caller's still.
    template <class Wait, class Allocator>
    [[nodiscard]] bool post_wait(Wait& posted, const Allocator& allocator) noexcept
    {
        const post_attempt attempt(&posted);
        try {
            post(posted_wait<Wait, Allocator>(posted, allocator));
            return true;
        } catch (const std::bad_alloc&) {
            // It may have got as far as into a strand's queue, which has it now.
            return !attempt.has_returned();
        }
    }

    /// False when it has to be posted.
    [[nodiscard]] bool hand_over(loop_delivery& delivered) const noexcept
    {
        if constexpr (std::is_same_v<Executor, loop_executor>) return pin_ && pin_->deliver(delivered);
        else return false;
    }

    /// Who drops the wait when the context goes; null where nobody has to.
    [[nodiscard]] wait_registry* registry() const noexcept { return registry_; }

private:
    void attach(asio::execution_context* context)
    {
        if (context) registry_ = &asio::use_service<wait_registry>(*context);
        work_.emplace(executor_);
    }

    Executor executor_;
    std::optional<asio::executor_work_guard<Executor>> work_;
    std::optional<loop_pin> pin_;
    wait_registry* registry_ = nullptr;
};

} // namespace vmtask::detail
