// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/task_record.hpp>
#include <vmtask/error.hpp>
#include <vmtask/task_state.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace vmtask {

class task_context;
struct task_options;

namespace detail {

/// Who runs a task's body.
enum class body_kind : std::uint8_t {
    blocking,  ///< A worker, from its begin to its end.
    coroutine, ///< The event loop.
    elsewhere, ///< Its owner: the engine knows no body.
};

/// Memory of one block.
struct block_layout {
    std::size_t size;
    std::size_t alignment;
};

/// What a task does, and the value that comes of it: of the user's types, and made by
/// templates. It stands right behind the task's record, in the same allocation.
class task_work {
public:
    task_work(const task_work&) = delete;
    task_work& operator=(const task_work&) = delete;

    /// void for none.
    [[nodiscard]] virtual const std::type_info& result_type() const noexcept = 0;

protected:
    task_work() noexcept = default;
    virtual ~task_work() = default;

    [[nodiscard]] task_record& record() const noexcept;
    [[nodiscard]] engine_core& core() const noexcept { return core_of(record()); }
    [[nodiscard]] bool has_ended() const noexcept { return detail::has_ended(record()); }
    [[nodiscard]] task_state state() const noexcept;

    /// Takes a task that no worker runs from queued to running; false when a
    /// cancel or a pause came first.
    [[nodiscard]] bool start_elsewhere() noexcept;
    /// Ends a task whose body has begun: decides what `failure` means, destroys
    /// the body, latches the end, tells everyone who waits, and hands the task back
    /// to the engine. It may be gone when this returns. Unless it is begun anew later,
    /// or its parts go on.
    void end(std::exception_ptr failure) noexcept;
    /// Ends the task of a coroutine whose frame is being destroyed around the caller,
    /// and others that nobody will end any more, with errc::abandoned, which takes no
    /// memory. It may be gone when this returns.
    void end_abandoned() noexcept;
    /// The value has a destructor that does something.
    void keep_value() noexcept;

private:
    friend class task_record;
    friend class unmade_task;

    [[nodiscard]] virtual block_layout layout() const noexcept = 0;
    [[nodiscard]] virtual body_kind kind() const noexcept = 0;
    /// Has a queued task, which waits for nothing else, begun.
    virtual void launch() noexcept;
    /// True when the calling event loop thread is inside this coroutine.
    [[nodiscard]] virtual bool is_on_this_thread() const noexcept { return false; }
    /// The engine is about to go, and this task does not end by itself.
    virtual void end_with_engine() noexcept {}
    /// Runs the body. May throw whatever that throws.
    virtual void invoke(task_context&) {}
    virtual void destroy_body() noexcept {}
    /// Whether destroying the body does nothing, so that anybody may do it.
    [[nodiscard]] virtual bool has_trivial_body() const noexcept = 0;
    /// Makes the value unreachable; from then on it can be destroyed.
    virtual void withhold_value() noexcept {}
    virtual void destroy_value() noexcept {}
    /// Called once, after a running task was asked to stop.
    virtual void on_cancel_requested() noexcept {}
};

/// The work of a task. Does not change as long as there is a reference to the record.
[[nodiscard]] task_work& work_of(task_record& record) noexcept;

/// A task in the making: its record, and the place for its work behind it. Both go
/// again unless it is released.
class unmade_task {
public:
    /// Makes the record; takes what it needs of the options, if there are any. Throws
    /// std::bad_alloc, and std::system_error with errc::bad_options.
    unmade_task(engine_core& core, std::uint64_t id, task_options* options, block_layout work);
    ~unmade_task();
    unmade_task(const unmade_task&) = delete;
    unmade_task& operator=(const unmade_task&) = delete;

    /// Where the work is to be made.
    [[nodiscard]] void* place() const noexcept;
    /// The work has been made. The first handle's reference.
    [[nodiscard]] intrusive_ptr<task_record> release() noexcept;

private:
    task_record* record_;
    const block_layout work_;
};

/// Makes a task whose work is made of `given`.
template <class Work, class... Given>
[[nodiscard]] intrusive_ptr<task_record> make_task(engine_core& core, std::uint64_t id, task_options* options,
                                                   Given&&... given)
{
    unmade_task unmade(core, id, options, {sizeof(Work), alignof(Work)});
    std::construct_at(static_cast<Work*>(unmade.place()), std::forward<Given>(given)...);
    return unmade.release();
}

/// The work of a task together with the value that comes of it.
template <class T>
class result_work : public task_work {
public:
    [[nodiscard]] const std::type_info& result_type() const noexcept final { return typeid(T); }

    /// The value. Throws unless the task has succeeded.
    [[nodiscard]] const T& value() const
    {
        require_success(record());
        if (taken_.load(std::memory_order_acquire)) throw std::system_error(errc::result_taken);
        return *value_;
    }

    /// Moves the value out, once for all handles.
    [[nodiscard]] T take()
    {
        require_success(record());
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

/// The work of a task without a value.
template <>
class result_work<void> : public task_work {
public:
    [[nodiscard]] const std::type_info& result_type() const noexcept final { return typeid(void); }
};

/// Whether a task's result is a T.
template <class T>
[[nodiscard]] bool has_result_of(task_record& record) noexcept
{
    return work_of(record).result_type() == typeid(T);
}

/// Precondition: has_result_of<T>(record).
template <class T>
[[nodiscard]] result_work<T>& result_of(task_record& record) noexcept
{
    return static_cast<result_work<T>&>(work_of(record));
}

} // namespace detail
} // namespace vmtask
