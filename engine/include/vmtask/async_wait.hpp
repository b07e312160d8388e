// SPDX-License-Identifier: BSL-1.0
//
// The asynchronous waits of task_handle, task<T> and task_context, whose members say
// what they promise. For whoever calls them, and does not include <vmtask/engine.hpp>.
#pragma once

#include <vmtask/detail/asio_guard.hpp>
#include <vmtask/detail/completion.hpp>
#include <vmtask/detail/deadline.hpp>
#include <vmtask/detail/forced_unwind.hpp>
#include <vmtask/detail/resumption.hpp>
#include <vmtask/detail/task_work.hpp>
#include <vmtask/error.hpp>
#include <vmtask/task.hpp>
#include <vmtask/task_context.hpp>
#include <vmtask/task_handle.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/system_executor.hpp>

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace vmtask::detail {

/// Calls the handler of a coroutine's checkpoint: with whatever has come until then.
class report_checkpoint {
public:
    explicit report_checkpoint(intrusive_ptr<task_record> record) noexcept : record_(std::move(record)) {}

    template <class Handler>
    void operator()(Handler&& handler, const wait_result& result) const
    {
        std::error_code error = result.error;
        if (!error && is_asked_to_cancel(*record_)) error = errc::cancelled;
        std::forward<Handler>(handler)(error);
    }

private:
    intrusive_ptr<task_record> record_;
};

/// Calls the handler of a wait for a result.
template <class T>
class report_result {
public:
    explicit report_result(intrusive_ptr<task_record> record) noexcept : record_(std::move(record)) {}

    template <class Handler>
    void operator()(Handler&& handler, const wait_result& result) const
    {
        std::exception_ptr failure;
        T value = fetch(result.error, failure);
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
class report_result<void> {
public:
    explicit report_result(intrusive_ptr<task_record> record) noexcept : record_(std::move(record)) {}

    template <class Handler>
    void operator()(Handler&& handler, const wait_result& result) const
    {
        std::forward<Handler>(handler)(failure_of(result.error));
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

/// Begins a caller's cancel of a task. Throws std::bad_alloc; then nothing has
/// happened.
[[nodiscard]] std::shared_ptr<journal_request> begin_cancel(task_record& cancelled, std::string_view by);
/// What request_cancel() would have returned, once the request has its answer.
[[nodiscard]] std::error_code verdict_of(const journal_request& cancel) noexcept;

/// Calls the handler of a cancel.
class report_cancel {
public:
    explicit report_cancel(std::shared_ptr<journal_request> request) noexcept : request_(std::move(request)) {}

    template <class Handler>
    void operator()(Handler&& handler, const wait_result& result) const
    {
        std::forward<Handler>(handler)(result.error ? result.error : verdict_of(*request_));
    }

private:
    std::shared_ptr<journal_request> request_;
};

/// Begins the cancel, and the wait for its answer.
class cancel_initiation {
public:
    using executor_type = asio::any_io_executor;

    cancel_initiation(intrusive_ptr<task_record> record, std::string_view by) : record_(std::move(record)), by_(by) {}

    /// Where a handler without an executor of its own is called.
    [[nodiscard]] executor_type get_executor() const noexcept
    {
        return record_ ? executor_type(event_loop_executor(core_of(*record_))) : executor_type(asio::system_executor());
    }

    template <class Handler>
    void operator()(Handler&& handler)
    {
        using handler_type = std::decay_t<Handler>;
        handler_type moved = std::forward<Handler>(handler);
        if (!record_) return refuse_wait(std::move(moved), report_error(), errc::no_task);
        std::shared_ptr<journal_request> request = begin_cancel(*record_, by_);
        report_cancel report(request);
        operation<handler_type, report_cancel>::begin(
            {.kind = wait_target_kind::answer, .task = std::move(record_), .request = std::move(request)},
            std::move(moved), std::move(report));
    }

private:
    intrusive_ptr<task_record> record_;
    std::string by_; // the call may be begun later, by another
};

/// Waits that complete by whatever the token says.
template <class Token>
struct wait_by_token {
    using token_type = std::remove_reference_t<Token>;
    using record_pointer = intrusive_ptr<task_record>;

    static auto for_end(const record_pointer& record, steady_time deadline, token_type& token)
    {
        return asio::async_initiate<Token, void(std::error_code)>(
            wait_initiation({.deadline = deadline, .task = record}, report_error()), token);
    }

    static auto for_success(const record_pointer& record, token_type& token)
    {
        return asio::async_initiate<Token, void(std::exception_ptr)>(
            wait_initiation({.task = record}, report_result<void>(record)), token);
    }

    template <class T>
    static auto for_result(const record_pointer& record, token_type& token)
    {
        return asio::async_initiate<Token, void(std::exception_ptr, T)>(
            wait_initiation({.task = record}, report_result<T>(record)), token);
    }

    static auto for_cancel(const record_pointer& record, std::string_view by, token_type& token)
    {
        return asio::async_initiate<Token, void(std::error_code)>(cancel_initiation(record, by), token);
    }

    static auto for_resumption(const record_pointer& record, token_type& token)
    {
        return asio::async_initiate<Token, void(std::error_code)>(
            wait_initiation({.kind = wait_target_kind::resumption, .task = record}, report_checkpoint(record)), token);
    }
};

/// Waits of coroutines that are not Asio's.
template <class Executor>
struct wait_by_coroutine {
    static_assert(executor_type<Executor>, "a coroutine is resumed on an executor of Asio's kind");

    static auto for_end(const intrusive_ptr<task_record>& record, Executor executor)
    {
        return resume_awaiter(record, std::move(executor), fetch_nothing());
    }

    template <class T>
    static auto for_result(const intrusive_ptr<task_record>& record, Executor executor)
    {
        return resume_awaiter(record, std::move(executor), fetch_value<T>());
    }
};

} // namespace vmtask::detail
