// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/engine_access.hpp>
#include <vmtask/detail/source_work.hpp>
#include <vmtask/engine.hpp>
#include <vmtask/error.hpp>
#include <vmtask/task.hpp>
#include <vmtask/task_context.hpp>
#include <vmtask/task_options.hpp>

#include <exception>
#include <system_error>
#include <type_traits>
#include <utility>

namespace vmtask {

/// The owner's end of a task that runs elsewhere: in another process, another
/// thread, another library. It has no body; its owner reports progress and says
/// how it ends. For everybody else it is a task like any other.
///
/// A cancel is a request here, too: context().stop_token() tells the owner, who
/// then ends the task. Dropping a source that has not ended its task makes the
/// task fail with errc::abandoned; destroying the engine makes it fail with
/// errc::shutting_down.
///
/// An empty source, such as one moved from, may only be destroyed or assigned
/// to. Thread safety: as task_handle; of several that end the task the first
/// decides.
template <class T = void>
class task_source {
public:
    task_source() noexcept = default;

    /// Posts a task that is running at once.
    ///
    /// Errors, as std::system_error: those of engine::post; errc::bad_options
    /// for options that could make it wait: a lane, predecessors, attempts, a time
    /// before which it is not to begin, that it is held, or claims without
    /// when_busy::fail.
    explicit task_source(engine& where) : record_(make(where)) {}
    task_source(engine& where, task_options options) : record_(make(where, &checked(options))) {}

    task_source(task_source&& other) noexcept = default;
    task_source& operator=(task_source&& other) noexcept
    {
        task_source gone(std::move(*this));
        record_ = std::move(other.record_);
        return *this;
    }
    ~task_source()
    {
        if (record_) work().abandon();
    }

    /// True unless the source is empty.
    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(record_); }

    [[nodiscard]] task<T> handle() const { return task<T>(record_); }

    /// Where the owner reports progress and learns of a cancel, as long as the
    /// source is there.
    [[nodiscard]] task_context& context() const noexcept { return work().context(); }

    /// Ends the task as succeeded, with a value made of the arguments; if that
    /// throws, the task has failed with the exception. False when the task has
    /// ended already, or is being ended.
    template <class... Arguments>
    bool set_value(Arguments&&... arguments) const
    {
        static_assert(std::is_void_v<T> ? sizeof...(Arguments) == 0 : sizeof...(Arguments) > 0,
                      "a value for a task that has one");
        return work().succeed(std::forward<Arguments>(arguments)...);
    }

    /// Ends the task as failed, or as cancelled when the exception says so and
    /// a cancel was requested. False as for set_value(). set_error() throws
    /// std::bad_alloc; then the task goes on.
    bool set_exception(std::exception_ptr failure) const noexcept { return work().fail(std::move(failure)); }
    bool set_error(std::error_code error) const
    {
        return work().fail(std::make_exception_ptr(std::system_error(error)));
    }

private:
    [[nodiscard]] detail::source_work<T>& work() const noexcept
    {
        return static_cast<detail::source_work<T>&>(detail::work_of(*record_));
    }

    static task_options& checked(task_options& options)
    {
        const bool waits_for_claims = !options.claims.empty() && options.when_busy != when_busy::fail;
        const bool waits = waits_for_claims || !options.lane.empty() || !options.after.empty() || options.retry
            || options.not_before || options.held;
        if (waits) throw std::system_error(errc::bad_options);
        return options;
    }

    static detail::intrusive_ptr<detail::task_record> make(engine& where, task_options* options = nullptr)
    {
        detail::engine_core& core = detail::core_of(where);
        detail::admission place(core, options);
        auto made = detail::make_task<detail::source_work<T>>(core, place.id(), options);
        (void)place.post(made);
        return made;
    }

    detail::intrusive_ptr<detail::task_record> record_;
};

} // namespace vmtask
