// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/task_record.hpp>
#include <vmtask/error.hpp>

#include <atomic>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace vmtask::detail {

/// A task together with the value that its body returns.
template <class T>
class result_record : public task_record {
public:
    /// The value. Throws unless the task has succeeded.
    [[nodiscard]] const T& value() const
    {
        require_success();
        if (taken_.load(std::memory_order_acquire)) throw std::system_error(errc::result_taken);
        return *value_;
    }

    /// Moves the value out, once for all handles.
    [[nodiscard]] T take()
    {
        require_success();
        if (taken_.exchange(true, std::memory_order_acq_rel)) throw std::system_error(errc::result_taken);
        return std::move(*value_);
    }

    /// A copy where the value can be copied, so that everybody gets one; else
    /// the value itself, for the first who asks.
    [[nodiscard]] T copy_or_take()
    {
        if constexpr (std::is_copy_constructible_v<T>) return value();
        else return take();
    }

protected:
    using task_record::task_record;

    template <class... Arguments>
    void set_value(Arguments&&... arguments)
    {
        value_.emplace(std::forward<Arguments>(arguments)...);
        if constexpr (!std::is_trivially_destructible_v<T>) keep_value();
    }

private:
    void withhold_value() noexcept override { taken_.store(true, std::memory_order_release); }
    void destroy_value() noexcept override { value_.reset(); }

    std::optional<T> value_;
    std::atomic<bool> taken_{false};
};

/// A task whose body returns nothing.
template <>
class result_record<void> : public task_record {
protected:
    using task_record::task_record;
};

/// Whether a task's result is a T.
template <class T>
[[nodiscard]] bool is_result_record(const task_record& record) noexcept
{
    return dynamic_cast<const result_record<T>*>(&record) != nullptr;
}

/// Precondition: is_result_record<T>(*record).
template <class T>
[[nodiscard]] intrusive_ptr<result_record<T>> result_record_cast(intrusive_ptr<task_record> record) noexcept
{
    return {static_cast<result_record<T>*>(record.release()), adopt_reference};
}

} // namespace vmtask::detail
