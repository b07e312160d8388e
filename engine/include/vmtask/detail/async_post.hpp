// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/completion.hpp>
#include <vmtask/detail/engine_access.hpp>
#include <vmtask/detail/forced_unwind.hpp>
#include <vmtask/detail/task_work.hpp>
#include <vmtask/task.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_executor.hpp>

#include <exception>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

namespace vmtask::detail {

// Of a post that has its answer: what post() would have thrown, or null; and the
// task, or the one that it has joined.
[[nodiscard]] std::exception_ptr failure_of(const journal_request& post) noexcept;
[[nodiscard]] intrusive_ptr<task_record> posted_by(const journal_request& post) noexcept;

/// Calls the handler of a post.
template <class T>
class report_post {
public:
    explicit report_post(std::shared_ptr<journal_request> request) noexcept : request_(std::move(request)) {}

    template <class Handler>
    void operator()(Handler&& handler, const wait_result& result) const
    {
        std::exception_ptr failure =
            result.error ? std::make_exception_ptr(std::system_error(result.error)) : failure_of(*request_);
        task<T> posted;
        if (!failure) posted = task<T>(posted_by(*request_));
        std::forward<Handler>(handler)(std::move(failure), std::move(posted));
    }

private:
    std::shared_ptr<journal_request> request_;
};

/// Calls the handler of a post that needed no journal.
template <class T>
class report_posted {
public:
    report_posted(std::exception_ptr failure, task<T> posted) noexcept
        : failure_(std::move(failure)), posted_(std::move(posted))
    {
    }

    template <class Handler>
    void operator()(Handler&& handler, const wait_result&)
    {
        std::forward<Handler>(handler)(std::move(failure_), std::move(posted_));
    }

private:
    std::exception_ptr failure_;
    task<T> posted_;
};

/// What has become of a post that does not block: it is over, or waits for the journal.
template <class T>
struct begun_post {
    std::exception_ptr failure;
    task<T> posted; // empty when it failed, and while it waits
    intrusive_ptr<task_record> record;
    std::shared_ptr<journal_request> request; // null when it is over
};

/// Begins the post by `Begin`, a callable `begun_post<T>()`, and the wait for its answer.
template <class T, class Begin>
class post_initiation {
public:
    using executor_type = asio::any_io_executor;

    post_initiation(engine_core& core, Begin begin) : core_(core), begin_(std::move(begin)) {}

    /// Where a handler without an executor of its own is called.
    [[nodiscard]] executor_type get_executor() const noexcept { return event_loop_executor(core_); }

    template <class Handler>
    void operator()(Handler&& handler)
    {
        using handler_type = std::decay_t<Handler>;
        handler_type moved = std::forward<Handler>(handler);
        begun_post<T> begun = begin();
        if (!begun.request)
            return deliver(std::move(moved), report_posted<T>(std::move(begun.failure), std::move(begun.posted)));
        report_post<T> report(begun.request);
        operation<handler_type, report_post<T>>::begin(
            {.kind = wait_target_kind::answer, .task = std::move(begun.record), .request = std::move(begun.request)},
            std::move(moved), std::move(report));
    }

private:
    begun_post<T> begin()
    {
        try {
            return begin_();
        } catch (forced_unwind&) {
            throw;
        } catch (...) {
            begun_post<T> failed;
            failed.failure = std::current_exception();
            return failed;
        }
    }

    template <class Handler, class Report>
    void deliver(Handler handler, Report report)
    {
        const auto target = asio::get_associated_executor(handler, event_loop_executor(core_));
        post_now(if_loop_in(core_, context_behind(target)), target,
                 delivery<Handler, Report>(std::move(handler), std::move(report), {}));
    }

    engine_core& core_;
    Begin begin_;
};

} // namespace vmtask::detail
