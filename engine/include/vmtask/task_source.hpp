// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/engine_access.hpp>
#include <vmtask/detail/forced_unwind.hpp>
#include <vmtask/detail/task_work.hpp>
#include <vmtask/engine.hpp>
#include <vmtask/error.hpp>
#include <vmtask/task.hpp>
#include <vmtask/task_context.hpp>
#include <vmtask/task_options.hpp>

#include <atomic>
#include <exception>
#include <system_error>
#include <type_traits>
#include <utility>

namespace vmtask {

namespace detail {

/// What stands for the body of a task that has none: its owner says how it ends.
template <class T>
class source_work final : public result_work<T> {
public:
    source_work() noexcept : context_(this->record()) {}

    [[nodiscard]] task_context& context() noexcept { return context_; }

    /// Ends the task with a value, or with what making it throws. False when it
    /// has ended, or somebody is ending it.
    template <class... Arguments>
    bool succeed(Arguments&&... arguments)
    {
        if (!claim()) return false;
        std::exception_ptr failure;
        try {
            if constexpr (sizeof...(Arguments) > 0) this->set_value(std::forward<Arguments>(arguments)...);
        } catch (forced_unwind&) {
            this->end_abandoned();
            throw;
        } catch (...) {
            failure = std::current_exception();
        }
        this->end(std::move(failure));
        return true;
    }

    bool fail(std::exception_ptr failure) noexcept
    {
        if (!claim()) return false;
        this->end(std::move(failure));
        return true;
    }

    /// Ends the task with errc::abandoned, which takes no memory.
    void abandon() noexcept
    {
        if (!is_left_behind(this->core()) && claim()) this->end_abandoned();
    }

private:
    /// A cancelled task that had not begun is ended by whoever cancelled it.
    bool claim() noexcept
    {
        return this->state() != task_state::queued && !this->has_ended()
            && !claimed_.exchange(true, std::memory_order_acq_rel);
    }

    void end_with_engine() noexcept override
    {
        std::exception_ptr failure;
        try {
            throw std::system_error(errc::shutting_down);
        } catch (...) {
            failure = std::current_exception(); // or that there is no memory for it
        }
        fail(std::move(failure));
    }
    [[nodiscard]] block_layout layout() const noexcept override { return {sizeof(source_work), alignof(source_work)}; }
    [[nodiscard]] body_kind kind() const noexcept override { return body_kind::elsewhere; }
    void launch() noexcept override { (void)this->start_elsewhere(); }
    [[nodiscard]] bool has_trivial_body() const noexcept override { return true; }

    task_context context_;
    std::atomic<bool> claimed_{false};
};

} // namespace detail

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
