// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/asio_guard.hpp>
#include <vmtask/detail/block_allocator.hpp>
#include <vmtask/detail/destination.hpp>
#include <vmtask/detail/engine_access.hpp>
#include <vmtask/detail/event_reader.hpp>
#include <vmtask/detail/ranked_mutex.hpp>
#include <vmtask/detail/wait_registry.hpp>
#include <vmtask/task_event.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/error.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace vmtask::detail {

/// What a read leaves in the cancellation slot of its handler. A signal that
/// comes after the read finds another ticket, or none.
class give_up_read {
public:
    give_up_read(std::shared_ptr<event_reader> reader, std::uint64_t ticket) noexcept
        : reader_(std::move(reader)), ticket_(ticket)
    {
    }

    /// Whatever the type: a read that was given up has read nothing.
    void operator()(asio::cancellation_type) const noexcept { reader_->give_up(ticket_); }

private:
    std::shared_ptr<event_reader> reader_;
    std::uint64_t ticket_;
};

/// A handler on its way to its executor. What there is to read is taken where it
/// runs: so a handler that comes late gets all that has come meanwhile.
template <class Handler>
class read_delivery {
public:
    using allocator_type = asio::associated_allocator_t<Handler>;

    read_delivery(Handler&& handler, std::shared_ptr<event_reader> reader, std::error_code error)
        : handler_(std::move(handler)), reader_(std::move(reader)), error_(error)
    {
    }

    [[nodiscard]] allocator_type get_allocator() const noexcept { return asio::get_associated_allocator(handler_); }

    void operator()()
    {
        event_batch batch;
        if (!error_) batch = reader_->take(error_);
        reader_.reset();
        std::move(handler_)(error_, std::move(batch));
    }

private:
    Handler handler_;
    std::shared_ptr<event_reader> reader_;
    std::error_code error_;
};

/// An asynchronous read, in memory of the handler's allocator, which it gives
/// back before the handler can run.
template <class Handler>
class async_read final : public pending_read, public context_wait {
    using executor = asio::associated_executor_t<Handler, loop_executor>;
    using destination_type = destination<executor>;
    using allocator = block_allocator_unless_given<asio::associated_allocator_t<Handler>, async_read>;
    using memory = std::allocator_traits<allocator>;

public:
    /// Begins the read. The handler is called exactly once, never from in here.
    static void begin(std::shared_ptr<event_reader> reader, Handler&& handler)
    {
        event_reader& read_from = *reader;
        const std::uint64_t ticket = read_from.next_ticket();
        owner made = make(std::move(reader), ticket, std::move(handler));
        made->connect_slot();
        async_read& begun = *made.release();
        // A context that is shutting down destroys what is posted to it.
        if (!begun.enter(begun.destination_->registry())) return begun.complete(asio::error::operation_aborted);
        if (const auto at_once = read_from.begin(begun, ticket)) begun.complete(*at_once);
    }

    async_read(std::shared_ptr<event_reader>&& reader, std::uint64_t ticket, Handler&& handler)
        : ticket_(ticket),
          memory_of_handler_(asio::get_associated_allocator(handler)),
          destination_(std::in_place, reader->core(), executor_of(handler, *reader)),
          handler_(std::move(handler)),
          reader_(std::move(reader))
    {
    }

    void complete(std::error_code error) noexcept override
    {
        assert_no_lock_held("a read is completed");
        error_ = error;
        tell(reader_->core());
    }

    /// Where the handler is to run.
    void deliver()
    {
        assert_no_lock_held("a handler runs");
        owner self(this);
        read_delivery<Handler> delivered = take_delivery();
        self.reset();
        delivered();
    }

    void discard() noexcept override
    {
        owner self(this);
        const std::optional<destination_type> left = std::move(destination_);
        const read_delivery<Handler> discarded = take_delivery();
        self.reset();
    }

private:
    bool take_back() noexcept override
    {
        return reader_->withdraw(ticket_) || take_back_postponed(reader_->core(), *this);
    }

    bool post_handler() noexcept override
    {
        destination_type target = std::move(*destination_);
        destination_.reset();
        if (target.post_wait(*this, asio::get_associated_allocator(handler_))) return true;
        destination_.emplace(std::move(target));
        return false;
    }

    read_delivery<Handler> take_delivery()
    {
        return read_delivery<Handler>(std::move(handler_), std::move(reader_), error_);
    }

    static executor executor_of(const Handler& handler, event_reader& reader) noexcept
    {
        return asio::get_associated_executor(handler, event_loop_executor(reader.core()));
    }

    void connect_slot()
    {
        auto slot = asio::get_associated_cancellation_slot(handler_);
        if (slot.is_connected()) slot.template emplace<give_up_read>(reader_, ticket_);
    }

    /// Gives the memory back to the handler's allocator.
    struct disposer {
        void operator()(async_read* disposed) const noexcept
        {
            allocator memory_of_handler = disposed->memory_of_handler_;
            memory::destroy(memory_of_handler, disposed);
            memory::deallocate(memory_of_handler, disposed, 1);
        }
    };
    using owner = std::unique_ptr<async_read, disposer>;

    static owner make(std::shared_ptr<event_reader>&& reader, std::uint64_t ticket, Handler&& handler)
    {
        allocator memory_of_handler(asio::get_associated_allocator(handler));
        async_read* const place = memory::allocate(memory_of_handler, 1);
        try {
            memory::construct(memory_of_handler, place, std::move(reader), ticket, std::move(handler));
        } catch (...) {
            memory::deallocate(memory_of_handler, place, 1);
            throw;
        }
        return owner(place);
    }

    const std::uint64_t ticket_;
    std::error_code error_;
    allocator memory_of_handler_;
    std::optional<destination_type> destination_; // none once the handler is posted
    Handler handler_;
    std::shared_ptr<event_reader> reader_;
};

/// Begins a read: what asio::async_initiate calls with the handler that it made
/// of the caller's token.
class read_initiation {
public:
    using executor_type = asio::any_io_executor;

    explicit read_initiation(std::shared_ptr<event_reader> reader) noexcept : reader_(std::move(reader)) {}

    /// Where a handler without an executor of its own is called.
    [[nodiscard]] executor_type get_executor() const noexcept { return event_loop_executor(reader_->core()); }

    template <class Handler>
    void operator()(Handler&& handler)
    {
        using handler_type = std::decay_t<Handler>;
        handler_type moved = std::forward<Handler>(handler);
        async_read<handler_type>::begin(std::move(reader_), std::move(moved));
    }

private:
    std::shared_ptr<event_reader> reader_;
};

} // namespace vmtask::detail
