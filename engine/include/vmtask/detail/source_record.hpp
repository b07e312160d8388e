// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/engine_access.hpp>
#include <vmtask/detail/forced_unwind.hpp>
#include <vmtask/detail/result_record.hpp>
#include <vmtask/task_context.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <utility>

namespace vmtask::detail {

/// A task without a body: its owner says how it ends.
template <class T>
class source_record final : public result_record<T> {
public:
    template <class... Options>
    source_record(engine_core& core, std::uint64_t id, Options&&... options)
        : result_record<T>(core, id, std::forward<Options>(options)...), context_(*this)
    {
    }

    [[nodiscard]] task_context& context() noexcept { return context_; }

    void launch() noexcept override { (void)this->start_elsewhere(); }
    [[nodiscard]] body_kind kind() const noexcept override { return body_kind::elsewhere; }

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
            end_as_abandoned();
            throw;
        } catch (...) {
            failure = std::current_exception();
        }
        finish(std::move(failure));
        return true;
    }

    bool fail(std::exception_ptr failure) noexcept
    {
        if (!claim()) return false;
        finish(std::move(failure));
        return true;
    }

    /// Ends the task with errc::abandoned, which takes no memory.
    void abandon() noexcept
    {
        if (!is_left_behind(this->core()) && claim()) end_as_abandoned();
    }

private:
    /// A cancelled task that had not begun is ended by whoever cancelled it.
    bool claim() noexcept
    {
        return this->state() != task_state::queued && !this->ended()
            && !claimed_.exchange(true, std::memory_order_acq_rel);
    }

    void end_as_abandoned() noexcept
    {
        if (this->end_abandoned()) this->retire();
        this->let_paused_go();
    }

    void finish(std::exception_ptr failure) noexcept
    {
        if (this->end(std::move(failure))) this->retire();
        this->let_paused_go();
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
    void invoke(task_context&) override {}
    void destroy_body() noexcept override {}
    [[nodiscard]] bool has_trivial_body() const noexcept override { return true; }

    task_context context_;
    std::atomic<bool> claimed_{false};
};

} // namespace vmtask::detail
