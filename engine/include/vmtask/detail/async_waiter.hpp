// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/asio_guard.hpp>
#include <vmtask/detail/block_allocator.hpp>
#include <vmtask/detail/destination.hpp>
#include <vmtask/detail/engine_access.hpp>
#include <vmtask/detail/forced_unwind.hpp>
#include <vmtask/detail/give_up_handler.hpp>
#include <vmtask/detail/loop_delivery.hpp>
#include <vmtask/detail/ranked_mutex.hpp>
#include <vmtask/detail/task_record.hpp>
#include <vmtask/detail/task_work.hpp>
#include <vmtask/detail/wait_registry.hpp>
#include <vmtask/detail/waiter.hpp>
#include <vmtask/error.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/system_executor.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace vmtask::detail {

[[nodiscard]] inline std::error_code code_of(wait_outcome outcome) noexcept
{
    switch (outcome) {
    case wait_outcome::timed_out: return errc::timed_out;
    case wait_outcome::given_up: return asio::error::operation_aborted;
    case wait_outcome::completed:
    case wait_outcome::pending: break;
    }
    return {};
}

/// A handler on its way to its executor, together with what it is to be told
/// and the task that it is told of: should that be the last reference, it goes
/// where the handler runs and not where the wait happened to end.
///
/// It carries the handler's allocator but not its executor: it is posted to
/// that executor, and Asio 1.22 reads a bound executor's handler after moving
/// from it.
template <class Handler, class Report>
class delivery {
public:
    using allocator_type = asio::associated_allocator_t<Handler>;

    delivery(Handler&& handler, Report&& report, std::error_code error, intrusive_ptr<task_record> held)
        : handler_(std::move(handler)), report_(std::move(report)), error_(error), held_(std::move(held))
    {
    }

    [[nodiscard]] allocator_type get_allocator() const noexcept { return asio::get_associated_allocator(handler_); }

    void operator()() { report_(std::move(handler_), error_); }

private:
    Handler handler_;
    Report report_;
    std::error_code error_;
    intrusive_ptr<task_record> held_; // null when the handle was empty
};

/// An asynchronous wait: a handler, the place where it is to run, and `Report`,
/// which calls the handler with what the wait's error code stands for.
///
/// It lives in memory of the handler's allocator, and gives that memory back
/// before the handler can run.
template <class Handler, class Report>
class async_waiter final : public waiter, public loop_delivery, public context_wait {
    using executor = asio::associated_executor_t<Handler, loop_executor>;
    using destination_type = destination<executor>;
    using delivery_type = delivery<Handler, Report>;
    using allocator = block_allocator_unless_given<asio::associated_allocator_t<Handler>, async_waiter>;
    using memory = std::allocator_traits<allocator>;

public:
    /// Begins the wait. The handler is called exactly once, never from in here.
    static void begin(intrusive_ptr<task_record> record, steady_time deadline, Handler&& handler, Report&& report)
    {
        if (Report::is_over(*record)) return deliver(std::move(record), std::move(handler), std::move(report), {});
        if (deadline == deadline_now)
            return deliver(std::move(record), std::move(handler), std::move(report), errc::timed_out);

        task_record& task = *record;
        owner added = make(std::move(record), deadline, std::move(handler), std::move(report));
        give_up_handler* const give_up = added->connect_slot();
        async_waiter* const listed = added.release();
        // A context that is shutting down destroys what is posted to it.
        if (!listed->enter(listed->destination_->registry())) return listed->complete(wait_outcome::given_up);
        if (!listed->report_.list(task, *listed, give_up)) listed->complete(wait_outcome::completed);
    }

    async_waiter(intrusive_ptr<task_record>&& record, steady_time deadline, Handler&& handler, Report&& report)
        : waiter(deadline),
          memory_of_handler_(asio::get_associated_allocator(handler)),
          destination_(std::in_place, core_of(*record), executor_of(handler, *record)),
          held_(std::move(record)),
          handler_(std::move(handler)),
          report_(std::move(report))
    {
    }

    void complete(wait_outcome outcome) noexcept override
    {
        assert_no_lock_held("a wait is completed");
        outcome_ = outcome;
        if (!destination_->hand_over(*this)) tell(core_of(*held_));
    }

    /// Where the handler is to run. The event loop stays pinned until it has
    /// returned.
    void deliver() override
    {
        assert_no_lock_held("a handler runs");
        owner self(this);
        const std::optional<destination_type> pinned = std::move(destination_);
        delivery_type delivered = take_delivery();
        self.reset();
        delivered();
    }

    void discard() noexcept override
    {
        owner self(this);
        const std::optional<destination_type> left = std::move(destination_);
        const delivery_type discarded = take_delivery();
        self.reset();
    }

private:
    bool take_back() noexcept override { return withdraw() || take_back_postponed(core_of(*held_), *this); }

    bool post_handler() noexcept override
    {
        destination_type target = std::move(*destination_);
        destination_.reset();
        if (target.post_wait(*this, asio::get_associated_allocator(handler_))) return true;
        destination_.emplace(std::move(target));
        return false;
    }

    delivery_type take_delivery()
    {
        return delivery_type(std::move(handler_), std::move(report_), code_of(outcome_), std::move(held_));
    }

    /// Gives the memory back to the handler's allocator.
    struct disposer {
        void operator()(async_waiter* disposed) const noexcept
        {
            allocator memory_of_handler = disposed->memory_of_handler_;
            memory::destroy(memory_of_handler, disposed);
            memory::deallocate(memory_of_handler, disposed, 1);
        }
    };
    using owner = std::unique_ptr<async_waiter, disposer>;

    static owner make(intrusive_ptr<task_record>&& record, steady_time deadline, Handler&& handler, Report&& report)
    {
        allocator memory_of_handler(asio::get_associated_allocator(handler));
        async_waiter* const place = memory::allocate(memory_of_handler, 1);
        try {
            memory::construct(memory_of_handler, place, std::move(record), deadline, std::move(handler),
                              std::move(report));
        } catch (...) {
            memory::deallocate(memory_of_handler, place, 1);
            throw;
        }
        return owner(place);
    }

    static void deliver(intrusive_ptr<task_record> record, Handler&& handler, Report&& report, std::error_code error)
    {
        destination_type destination(core_of(*record), executor_of(handler, *record));
        destination.post(delivery_type(std::move(handler), std::move(report), error, std::move(record)));
    }

    static executor executor_of(const Handler& handler, task_record& record) noexcept
    {
        return asio::get_associated_executor(handler, event_loop_executor(core_of(record)));
    }

    give_up_handler* connect_slot()
    {
        auto slot = asio::get_associated_cancellation_slot(handler_);
        return slot.is_connected() ? &slot.template emplace<give_up_handler>(held_) : nullptr;
    }

    allocator memory_of_handler_;
    wait_outcome outcome_ = wait_outcome::pending;
    std::optional<destination_type> destination_; // none once the handler is posted
    intrusive_ptr<task_record> held_;
    Handler handler_;
    Report report_;
};

/// What a wait is for: the end of the task.
struct wait_for_end {
    static bool is_over(const task_record& record) noexcept { return has_ended(record); }
    static bool list(task_record& record, waiter& added, give_up_handler* give_up)
    {
        return add_waiter(record, added, give_up);
    }
};

/// What a wait is for: that the task is not paused any more.
struct wait_for_resumption {
    static bool is_over(const task_record& record) noexcept { return !needs_checkpoint(record); }
    static bool list(task_record& record, waiter& added, give_up_handler* give_up)
    {
        return add_paused(record, added, give_up);
    }
};

/// Calls the handler of a plain wait.
struct report_wait : wait_for_end {
    template <class Handler>
    void operator()(Handler&& handler, std::error_code error) const
    {
        std::forward<Handler>(handler)(error);
    }
};

/// Calls the handler of a coroutine's checkpoint.
class report_checkpoint : public wait_for_resumption {
public:
    explicit report_checkpoint(intrusive_ptr<task_record> record) noexcept : record_(std::move(record)) {}

    /// Touches nothing of its own once the wait is listed: it may be over then.
    bool list(task_record& record, waiter& added, give_up_handler* give_up)
    {
        is_observed_ = announce_pause(record);
        return wait_for_resumption::list(record, added, give_up);
    }

    template <class Handler>
    void operator()(Handler&& handler, std::error_code error) const
    {
        if (is_observed_) announce_resumption(*record_);
        if (!error && is_asked_to_cancel(*record_)) error = errc::cancelled;
        std::forward<Handler>(handler)(error);
    }

private:
    intrusive_ptr<task_record> record_;
    bool is_observed_ = false;
};

/// Calls the handler of a wait for a result.
template <class T>
class report_result : public wait_for_end {
public:
    explicit report_result(intrusive_ptr<task_record> record) noexcept : record_(std::move(record)) {}

    template <class Handler>
    void operator()(Handler&& handler, std::error_code error) const
    {
        std::exception_ptr failure;
        T value = fetch(error, failure);
        std::forward<Handler>(handler)(std::move(failure), std::move(value));
    }

private:
    T fetch(std::error_code error, std::exception_ptr& failure) const
    {
        try {
            if (error) throw std::system_error(error);
            return result_of<T>(*record_).copy_or_take();
        } catch (forced_unwind&) {
            throw;
        } catch (...) {
            failure = std::current_exception();
            return T();
        }
    }

    intrusive_ptr<task_record> record_; // null when the handle was empty
};

/// The same for a task without a value, or one whose type is not known here.
template <>
class report_result<void> : public wait_for_end {
public:
    explicit report_result(intrusive_ptr<task_record> record) noexcept : record_(std::move(record)) {}

    template <class Handler>
    void operator()(Handler&& handler, std::error_code error) const
    {
        std::forward<Handler>(handler)(failure_of(error));
    }

private:
    std::exception_ptr failure_of(std::error_code error) const
    {
        try {
            if (error) throw std::system_error(error);
            require_success(*record_);
            return nullptr;
        } catch (...) {
            return std::current_exception();
        }
    }

    intrusive_ptr<task_record> record_; // null when the handle was empty
};

/// Calls a handler for which the wait itself could not be begun.
template <class Handler, class Report>
void refuse_wait(Handler handler, Report report, std::error_code error)
{
    const auto executor = asio::get_associated_executor(handler, asio::system_executor());
    asio::post(executor, delivery<Handler, Report>(std::move(handler), std::move(report), error, {}));
}

/// Begins an asynchronous wait: what asio::async_initiate calls with the
/// handler that it made of the caller's token.
template <class Report>
class wait_initiation {
public:
    using executor_type = asio::any_io_executor;

    wait_initiation(intrusive_ptr<task_record> record, steady_time deadline, Report report)
        : record_(std::move(record)), deadline_(deadline), report_(std::move(report))
    {
    }

    /// Where a handler without an executor of its own is called.
    [[nodiscard]] executor_type get_executor() const noexcept
    {
        if (!record_) return asio::system_executor();
        return event_loop_executor(core_of(*record_));
    }

    template <class Handler>
    void operator()(Handler&& handler)
    {
        using handler_type = std::decay_t<Handler>;
        handler_type moved = std::forward<Handler>(handler);
        if (record_)
            async_waiter<handler_type, Report>::begin(std::move(record_), deadline_, std::move(moved),
                                                      std::move(report_));
        else refuse_wait(std::move(moved), std::move(report_), errc::no_task);
    }

private:
    intrusive_ptr<task_record> record_;
    steady_time deadline_;
    Report report_;
};

} // namespace vmtask::detail
