// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/asio_guard.hpp>
#include <vmtask/detail/engine_access.hpp>
#include <vmtask/detail/ranked_mutex.hpp>
#include <vmtask/detail/result_record.hpp>
#include <vmtask/task_context.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace vmtask::detail {

/// A task whose body is a coroutine that runs on the event loop.
template <class Body, class T>
class coroutine_record final : public result_record<T> {
public:
    template <class Given, class... Options>
    coroutine_record(Given&& body, engine_core& core, std::uint64_t id, Options&&... options)
        : result_record<T>(core, id, std::forward<Options>(options)...),
          body_(std::in_place, std::forward<Given>(body)),
          context_(*this),
          executor_(coroutine_executor(core))
    {
    }

    /// Has the event loop begin the body. A failure to do so ends the task.
    void launch() noexcept override
    {
        std::exception_ptr failure;
        try {
            // Whoever found the task in a list may have cancelled it already.
            const mutex_guard lock(executor_mutex_);
            if (executor_) asio::post(executor_, [self = self_pointer(this)] { self->begin(); });
            return;
        } catch (...) {
            failure = std::current_exception();
        }
        if (this->start_elsewhere()) finish(std::move(failure));
    }

private:
    using self_pointer = intrusive_ptr<coroutine_record>;

    /// The completion handler of the coroutine. It knows when it is destroyed
    /// uncalled: then the frame was, somewhere outside, and the task has ended.
    class ending {
    public:
        explicit ending(self_pointer self) noexcept : self_(std::move(self)) {}
        ending(ending&&) noexcept = default;
        ending& operator=(ending&&) = delete;
        ~ending()
        {
            if (self_) self_->abandon();
        }
        void operator()(std::exception_ptr failure)
        {
            const self_pointer self = std::move(self_);
            self->finish(std::move(failure));
        }

    private:
        self_pointer self_;
    };

    static asio::awaitable<void> drive(self_pointer self)
    {
        if constexpr (std::is_void_v<T>) {
            co_await std::invoke(*self->body_, self->context_);
        } else {
            T value = co_await std::invoke(*self->body_, self->context_);
            self->set_value(std::move(value));
        }
    }

    void begin() noexcept
    {
        assert_no_lock_held("a coroutine begins");
        if (!this->start_elsewhere()) return;
        try {
            const asio::any_io_executor executor = executor_now();
            asio::co_spawn(executor, drive(self_pointer(this)),
                           asio::bind_cancellation_slot(signal_.slot(), ending(self_pointer(this))));
        } catch (...) {
            // Unless the handler was destroyed on the way and has ended the task.
            if (executor_now()) finish(std::current_exception());
        }
    }

    void finish(std::exception_ptr failure) noexcept
    {
        const self_pointer kept(this);
        signal_.slot().clear();
        if (this->end(std::move(failure))) this->retire();
        // What the body began and left behind may be a checkpoint.
        this->let_paused_go();
    }

    void abandon() noexcept
    {
        release_executor();
        if (this->end_abandoned()) this->retire();
        this->let_paused_go();
    }

    [[nodiscard]] body_kind kind() const noexcept override { return body_kind::coroutine; }
    [[nodiscard]] bool has_trivial_body() const noexcept override { return std::is_trivially_destructible_v<Body>; }

    bool is_on_this_thread() const noexcept override
    {
        const mutex_guard lock(executor_mutex_);
        const auto* const strand = executor_.template target<asio::strand<loop_executor>>();
        return strand && strand->running_in_this_thread();
    }

    void invoke(task_context&) override {}

    void destroy_body() noexcept override
    {
        body_.reset();
        release_executor();
    }

    asio::any_io_executor executor_now() const
    {
        const mutex_guard lock(executor_mutex_);
        return executor_;
    }

    /// A strand reaches into its context when it goes, and the task may be held
    /// longer than the context lives.
    void release_executor() noexcept
    {
        const mutex_guard lock(executor_mutex_);
        executor_ = asio::any_io_executor();
    }

    void on_cancel_requested() noexcept override
    {
        const loop_pin pin(this->core());
        if (!pin) return;
        const mutex_guard lock(executor_mutex_);
        if (executor_) asio::post(executor_, [self = self_pointer(this)] { self->emit(); });
    }

    /// On the body's executor, where alone the signal may be touched.
    void emit() noexcept
    {
        assert_no_lock_held("a coroutine is cancelled");
        if (executor_now()) signal_.emit(asio::cancellation_type::terminal);
    }

    std::optional<Body> body_;
    task_context context_;
    asio::cancellation_signal signal_;
    mutable ranked_mutex<lock_rank::coroutine_executor, std::mutex> executor_mutex_;
    asio::any_io_executor executor_ VMTASK_GUARDED_BY(executor_mutex_); // empty once the body is gone
};

} // namespace vmtask::detail
