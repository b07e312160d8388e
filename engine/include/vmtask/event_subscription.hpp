// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/asio_guard.hpp>
#include <vmtask/detail/completion.hpp>
#include <vmtask/task_event.hpp>

#include <asio/async_result.hpp>
#include <asio/bind_executor.hpp>

#include <memory>
#include <new>
#include <system_error>
#include <utility>

namespace vmtask {

namespace detail {

/// What there is to read by now; gets the reader further. Where it cannot, as
/// without memory, `error` says why and the reader stays.
[[nodiscard]] event_batch take_events(event_reader& reader, std::error_code& error) noexcept;
/// Gives up the wait that there is; none begins any more.
void close(event_reader& reader) noexcept;

/// Calls the handler of a read, with what there is then.
class report_events {
public:
    explicit report_events(std::shared_ptr<event_reader> reader) noexcept : reader_(std::move(reader)) {}

    template <class Handler>
    void operator()(Handler&& handler, const wait_result& result)
    {
        std::error_code error = result.error;
        event_batch batch;
        if (!error) batch = take_events(*reader_, error);
        reader_.reset();
        std::forward<Handler>(handler)(error, std::move(batch));
    }

private:
    std::shared_ptr<event_reader> reader_;
};

/// Begins a read.
[[nodiscard]] inline wait_initiation<report_events> read_initiation(std::shared_ptr<event_reader> reader)
{
    report_events report(reader);
    return {{.kind = wait_target_kind::events, .reader = std::move(reader)}, std::move(report)};
}

/// Reads batch after batch, and hands each to a callback.
template <class Executor, class Callback>
class batch_loop {
public:
    batch_loop(std::shared_ptr<event_reader> reader, Executor executor, Callback callback)
        : parts_(std::make_shared<parts>(std::move(reader), std::move(executor), std::move(callback)))
    {
    }

    void read_on() const { read_initiation(parts_->reader)(asio::bind_executor(parts_->executor, *this)); }

    void operator()(std::error_code error, event_batch batch) const
    {
        parts_->callback(error, std::move(batch));
        if (error) return;
        try {
            read_on();
        } catch (const std::bad_alloc&) {
            parts_->callback(std::make_error_code(std::errc::not_enough_memory), event_batch());
        }
    }

private:
    struct parts {
        parts(std::shared_ptr<event_reader> from, Executor where, Callback whom)
            : reader(std::move(from)), executor(std::move(where)), callback(std::move(whom))
        {
        }

        std::shared_ptr<event_reader> reader;
        Executor executor;
        Callback callback;
    };

    std::shared_ptr<parts> parts_;
};
} // namespace detail

/// A reader of what happens to the tasks of an engine: see engine::subscribe.
///
/// It costs nothing while nobody reads; what it has not read is kept by the
/// engine, as much as `event_options::kept` says, whatever the number of
/// readers. It may outlive its engine.
///
/// Thread safety: members of one subscription are called one after the other;
/// different ones are independent.
class event_subscription {
public:
    event_subscription(event_subscription&&) noexcept = default;
    event_subscription& operator=(event_subscription&& other) noexcept
    {
        event_subscription gone(std::move(*this));
        reader_ = std::move(other.reader_);
        return *this;
    }
    /// Gives up a read that waits.
    ~event_subscription()
    {
        if (reader_) detail::close(*reader_);
    }

    /// Completes when there is something to read, with that: what has happened
    /// up to the moment in which the handler runs, but not more than a few
    /// hundred events.
    ///
    /// Completion signature: void(std::error_code, event_batch).
    /// Errors, with an empty batch: errc::shutting_down when the engine has ended
    /// and all is read; asio::error::operation_aborted when the read was given
    /// up; asio::error::already_started when another read of this subscription
    /// waits; std::errc::not_enough_memory, after which it may be tried again.
    /// None of these loses an event. Throws std::bad_alloc.
    /// Executor: the handler's own, else the engine's event loop. Exactly once,
    /// never from within this call.
    /// Cancellation (all types): gives up the read; nothing is lost by that. The
    /// signal may come from any thread, but not while another thread uses its slot.
    template <asio::completion_token_for<void(std::error_code, event_batch)> Token>
    auto async_next(Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code, event_batch)>(detail::read_initiation(reader_), token);
    }

    /// Calls `callback(std::error_code, event_batch)` on the executor with all
    /// that there is to read, batch after batch, one at a time. The first call
    /// with an error, as async_next has them, is the last: so the callback is
    /// called once more after the subscription is gone, or the engine. It must
    /// not throw.
    ///
    /// Errors: throws std::bad_alloc. Instead of async_next, not beside it.
    template <class Executor, class Callback>
    void deliver_to(Executor executor, Callback callback)
    {
        detail::batch_loop(reader_, std::move(executor), std::move(callback)).read_on();
    }

private:
    friend class engine;

    explicit event_subscription(std::shared_ptr<detail::event_reader> reader) noexcept : reader_(std::move(reader)) {}

    std::shared_ptr<detail::event_reader> reader_;
};

} // namespace vmtask
