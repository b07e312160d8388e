// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/engine_access.hpp>
#include <vmtask/detail/forced_unwind.hpp>
#include <vmtask/detail/task_work.hpp>
#include <vmtask/task_context.hpp>

#include <atomic>
#include <exception>
#include <utility>

namespace vmtask::detail {

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

} // namespace vmtask::detail
