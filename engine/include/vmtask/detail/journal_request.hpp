// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/async_waiter.hpp>
#include <vmtask/detail/intrusive_ptr.hpp>
#include <vmtask/detail/task_record.hpp>
#include <vmtask/detail/waiter.hpp>
#include <vmtask/error.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/system_executor.hpp>

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace vmtask::detail {

/// A post or a cancel that is on its way, as it waits for the journal. It goes on to
/// its end whether somebody waits for that or not.
class journal_request {
public:
    journal_request(const journal_request&) = delete;
    journal_request& operator=(const journal_request&) = delete;
    virtual ~journal_request() = default;

    /// Lists who waits for the answer. False when that is there; nothing was listed
    /// then.
    [[nodiscard]] virtual bool add_waiter(waiter& added, give_up_handler* give_up) noexcept = 0;

    // The answer, for those who were told that it is there.
    /// Of a cancel: what request_cancel() returns.
    [[nodiscard]] std::error_code error() const noexcept { return error_; }
    /// Of a post: what post() throws; null when it does not.
    [[nodiscard]] const std::exception_ptr& failure() const noexcept { return failure_; }
    /// Of a post: the task, or the one that it has joined; null when it was refused.
    [[nodiscard]] const intrusive_ptr<task_record>& posted() const noexcept { return posted_; }

protected:
    journal_request() noexcept = default;

    std::error_code error_;
    std::exception_ptr failure_;
    intrusive_ptr<task_record> posted_;
};

/// Begins a caller's cancel of a task. Throws std::bad_alloc; then nothing has
/// happened.
[[nodiscard]] std::shared_ptr<journal_request> begin_cancel(task_record& cancelled, std::string_view by);

/// What a wait is for: the answer to a request.
class wait_for_answer {
public:
    explicit wait_for_answer(std::shared_ptr<journal_request> request) noexcept : request_(std::move(request)) {}

    static bool is_over(const task_record&) noexcept { return false; }
    /// Touches nothing of its own once the wait is listed: it may be over then.
    bool list(task_record&, waiter& added, give_up_handler* give_up) const
    {
        const std::shared_ptr<journal_request> kept = request_;
        return kept->add_waiter(added, give_up);
    }

protected:
    [[nodiscard]] const journal_request& request() const noexcept { return *request_; }

private:
    std::shared_ptr<journal_request> request_;
};

/// Calls the handler of a cancel.
class report_cancel : public wait_for_answer {
public:
    using wait_for_answer::wait_for_answer;

    template <class Handler>
    void operator()(Handler&& handler, std::error_code error) const
    {
        std::forward<Handler>(handler)(error ? error : request().error());
    }
};

/// Begins the cancel, and the wait for its answer.
class cancel_initiation {
public:
    using executor_type = asio::any_io_executor;

    cancel_initiation(intrusive_ptr<task_record> record, std::string_view by) noexcept
        : record_(std::move(record)), by_(by)
    {
    }

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
        if (!record_) return refuse_wait(std::move(moved), report_wait(), errc::no_task);
        report_cancel report(begin_cancel(*record_, by_));
        async_waiter<handler_type, report_cancel>::begin(std::move(record_), deadline_never, std::move(moved),
                                                         std::move(report));
    }

private:
    intrusive_ptr<task_record> record_;
    std::string by_; // the call may be begun later, by another
};

} // namespace vmtask::detail
