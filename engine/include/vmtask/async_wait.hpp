// SPDX-License-Identifier: BSL-1.0
//
// The asynchronous waits of task_handle, task<T> and task_context, whose members say
// what they promise. For whoever calls them, and does not include <vmtask/engine.hpp>.
#pragma once

#include <vmtask/detail/asio_guard.hpp>
#include <vmtask/detail/async_waiter.hpp>
#include <vmtask/detail/deadline.hpp>
#include <vmtask/detail/journal_request.hpp>
#include <vmtask/detail/resumption.hpp>
#include <vmtask/task.hpp>
#include <vmtask/task_context.hpp>
#include <vmtask/task_handle.hpp>

#include <asio/async_result.hpp>

#include <exception>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace vmtask::detail {

/// Waits that complete by whatever the token says.
template <class Token>
struct wait_by_token {
    using token_type = std::remove_reference_t<Token>;
    using record_pointer = intrusive_ptr<task_record>;

    static auto for_end(const record_pointer& record, steady_time deadline, token_type& token)
    {
        return asio::async_initiate<Token, void(std::error_code)>(wait_initiation(record, deadline, report_wait()),
                                                                  token);
    }

    static auto for_success(const record_pointer& record, token_type& token)
    {
        return asio::async_initiate<Token, void(std::exception_ptr)>(
            wait_initiation(record, deadline_never, report_result<void>(record)), token);
    }

    template <class T>
    static auto for_result(const record_pointer& record, token_type& token)
    {
        return asio::async_initiate<Token, void(std::exception_ptr, T)>(
            wait_initiation(record, deadline_never, report_result<T>(record)), token);
    }

    static auto for_cancel(const record_pointer& record, std::string_view by, token_type& token)
    {
        return asio::async_initiate<Token, void(std::error_code)>(cancel_initiation(record, by), token);
    }

    static auto for_resumption(const record_pointer& record, token_type& token)
    {
        return asio::async_initiate<Token, void(std::error_code)>(
            wait_initiation(record, deadline_never, report_checkpoint(record)), token);
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
