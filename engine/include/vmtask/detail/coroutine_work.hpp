// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/asio_guard.hpp>
#include <vmtask/detail/completion.hpp>
#include <vmtask/detail/coroutine_frame.hpp>
#include <vmtask/detail/engine_access.hpp>
#include <vmtask/detail/task_work.hpp>
#include <vmtask/error.hpp>
#include <vmtask/task_context.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/dispatch.hpp>
#include <asio/post.hpp>

#include <exception>
#include <functional>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace vmtask::detail {

/// A body that is a coroutine, which runs on the event loop.
template <class Body, class T>
class coroutine_work final : public result_work<T> {
public:
    template <class Given>
    coroutine_work(Given&& body, engine_core& core)
        : body_(std::in_place, std::forward<Given>(body)), context_(this->record()), frame_(this->record()), work_(core)
    {
    }

private:
    /// Keeps the task, and so all of this.
    class self_pointer {
    public:
        explicit self_pointer(coroutine_work* self) noexcept : kept_(&self->record()), self_(self) {}
        [[nodiscard]] coroutine_work* get() const noexcept { return self_; }
        coroutine_work* operator->() const noexcept { return self_; }
        explicit operator bool() const noexcept { return static_cast<bool>(kept_); }

    private:
        intrusive_ptr<task_record> kept_; // null when moved from
        coroutine_work* self_;
    };

    /// Has the event loop begin the body. A failure to do so ends the task.
    void launch() noexcept override
    {
        const loop_pin pin(this->core());
        if (!pin) return fail_unbegun(std::make_exception_ptr(std::system_error(errc::abandoned)));
        try {
            const post_attempt attempt(this);
            asio::post(event_loop_executor(this->core()), arrival(self_pointer(this), {}));
        } catch (...) {
            fail_unbegun(std::current_exception());
        }
    }

    /// The begin on its way to the loop, and there to the body's executor.
    /// Destroyed uncalled, the loop was the caller's and has gone.
    class arrival {
    public:
        arrival(self_pointer self, asio::any_io_executor executor) noexcept
            : self_(std::move(self)), executor_(std::move(executor))
        {
        }
        arrival(arrival&&) noexcept = default;
        arrival& operator=(arrival&&) = delete;
        ~arrival()
        {
            if (self_ && !post_attempt::returns(self_.get()))
                self_->fail_unbegun(std::make_exception_ptr(std::system_error(errc::abandoned)));
        }
        void operator()()
        {
            const self_pointer self = std::move(self_);
            if (executor_) self->begin(executor_);
            else self->arrive();
        }

    private:
        self_pointer self_;
        asio::any_io_executor executor_; // empty on the way to the loop
    };

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

    void fail_unbegun(std::exception_ptr failure) noexcept
    {
        if (this->start_elsewhere()) finish(std::move(failure));
    }

    /// On the loop, which is there as long as this runs: only from here on the task
    /// has an executor, and no longer than the body's frame lives. A strand must
    /// not outlive its context.
    void arrive() noexcept
    {
        try {
            asio::any_io_executor executor = coroutine_executor(this->core());
            if (!coroutine_frame::is_strand(executor)) return begin(executor);
            const post_attempt attempt(this);
            asio::dispatch(executor, arrival(self_pointer(this), executor));
        } catch (...) {
            fail_unbegun(std::current_exception());
        }
    }

    void begin(const asio::any_io_executor& executor) noexcept
    {
        if (!this->start_elsewhere()) return;
        try {
            frame_.begin_on(executor);
            asio::co_spawn(executor, drive(self_pointer(this)),
                           asio::bind_cancellation_slot(frame_.slot(), ending(self_pointer(this))));
        } catch (...) {
            // Unless the handler was destroyed on the way and has ended the task.
            if (frame_.exists()) finish(std::current_exception());
        }
    }

    void finish(std::exception_ptr failure) noexcept
    {
        const self_pointer kept(this);
        frame_.slot().clear();
        frame_.end();
        this->end(std::move(failure));
    }

    void abandon() noexcept
    {
        frame_.end();
        work_.reset();
        this->end_abandoned();
    }

    [[nodiscard]] block_layout layout() const noexcept override
    {
        return {sizeof(coroutine_work), alignof(coroutine_work)};
    }
    [[nodiscard]] body_kind kind() const noexcept override { return body_kind::coroutine; }
    [[nodiscard]] bool has_trivial_body() const noexcept override { return std::is_trivially_destructible_v<Body>; }

    [[nodiscard]] bool is_on_this_thread() const noexcept override { return frame_.is_on_this_thread(); }

    void destroy_body() noexcept override
    {
        body_.reset();
        work_.reset();
    }

    void on_cancel_requested() noexcept override { frame_.cancel(); }

    std::optional<Body> body_;
    task_context context_;
    coroutine_frame frame_;
    loop_work work_; // until the body is destroyed
};

} // namespace vmtask::detail
