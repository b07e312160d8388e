// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/task_work.hpp>
#include <vmtask/task_handle.hpp>

#include <exception>
#include <functional>
#include <type_traits>
#include <utility>

namespace vmtask {

/// See <vmtask/engine.hpp>; here for headers that only pass one on.
class engine;

/// The handle of a task whose body returns a T: a task_handle, and the way to
/// that value. The value lives as long as any handle to the task.
template <class T = void>
class task : public task_handle {
public:
    /// An empty handle.
    task() noexcept = default;
    explicit task(detail::intrusive_ptr<detail::task_record> record) noexcept : task_handle(std::move(record)) {}

    /// The value that the body returned. Rethrows what the body threw when the
    /// task failed. Never blocks.
    ///
    /// Errors, as std::system_error: errc::cancelled when the task was
    /// cancelled, errc::not_ended before the end, errc::result_taken when the
    /// value has been moved out.
    [[nodiscard]] const T& result() const { return typed().value(); }

    /// The same, moving the value out of the task, once for all its handles.
    /// No reference from result() may be in use any more.
    [[nodiscard]] T take_result() const { return typed().take(); }

    /// Completes when the task has ended, with its value or its exception.
    ///
    /// Completion signature: void(std::exception_ptr, T); the value is T() when
    /// there is an exception. A value that can be copied is copied; one that
    /// can only be moved goes to the first who asks, and later ones get
    /// errc::result_taken. Otherwise as task_handle::async_result.
    template <asio::completion_token_for<void(std::exception_ptr, T)> Token>
    auto async_result(Token&& token) const
    {
        static_assert(std::is_default_constructible_v<T>,
                      "Asio's coroutines make an empty value beside an exception; use async_wait(), then result()");
        return detail::wait_by_token<Token>::template for_result<T>(this->shared_record(), token);
    }

    /// `co_await task.result_on(executor)` is the task's value, or throws: see
    /// task_handle::resume_on. A value that can be copied is copied, one that
    /// can only be moved goes to the first who asks, as in async_result().
    template <class Executor>
    [[nodiscard]] auto result_on(Executor executor) const
    {
        (void)this->record();
        return detail::wait_by_coroutine<Executor>::template for_result<T>(this->shared_record(), std::move(executor));
    }

private:
    detail::result_work<T>& typed() const { return detail::result_of<T>(this->record()); }
};

/// The handle of a task without a value.
template <>
class task<void> : public task_handle {
public:
    /// An empty handle.
    task() noexcept = default;
    explicit task(detail::intrusive_ptr<detail::task_record> record) noexcept : task_handle(std::move(record)) {}
};

/// The typed handle of a task whose body returns a T: `task_cast<int>(handle)`.
/// Empty when the task's result is of another type, or the handle empty.
template <class T>
[[nodiscard]] task<T> task_cast(const task_handle& handle) noexcept
{
    const detail::intrusive_ptr<detail::task_record>& record = detail::record_of(handle);
    if (!record || !detail::has_result_of<T>(*record)) return {};
    return task<T>(record);
}

} // namespace vmtask

/// As of the task_handle that it is.
template <class T>
struct std::hash<vmtask::task<T>> : std::hash<vmtask::task_handle> {
};
