// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/asio_guard.hpp>
#include <vmtask/detail/async_waiter.hpp>
#include <vmtask/detail/awaited_tasks.hpp>
#include <vmtask/detail/block_allocator.hpp>
#include <vmtask/detail/destination.hpp>
#include <vmtask/detail/give_up_handler.hpp>
#include <vmtask/detail/loop_delivery.hpp>
#include <vmtask/detail/ranked_mutex.hpp>
#include <vmtask/detail/wait_registry.hpp>
#include <vmtask/detail/wait_set.hpp>
#include <vmtask/error.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/system_executor.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace vmtask::detail {

/// Calls the handler of a wait for several tasks, and keeps these until then.
template <wait_kind Kind>
class report_joint_wait {
public:
    explicit report_joint_wait(awaited_tasks tasks) noexcept : tasks_(std::move(tasks)) {}

    [[nodiscard]] const awaited_tasks& tasks() const noexcept { return tasks_; }
    void set_index(std::size_t index) noexcept { index_ = index; }

    template <class Handler>
    void operator()(Handler&& handler, std::error_code error) const
    {
        if constexpr (Kind == wait_kind::all) std::forward<Handler>(handler)(error);
        else std::forward<Handler>(handler)(error, index_);
    }

private:
    awaited_tasks tasks_;
    std::size_t index_ = no_index;
};

/// The engine whose event loop `executor` is, among those of the tasks; that of
/// the first task for any other executor.
template <class Executor>
[[nodiscard]] engine_core& core_behind(const Executor& executor, const awaited_tasks& tasks) noexcept
{
    if constexpr (std::is_same_v<Executor, loop_executor>) {
        for (task_record* const record : tasks.records()) {
            if (event_loop_executor(core_of(*record)) == executor) return core_of(*record);
        }
    }
    return core_of(*tasks.records().front());
}

/// What the memory of such a wait is counted in.
template <class Handler>
struct alignas(std::max(alignof(Handler), alignof(std::max_align_t))) wait_set_unit {
    std::byte bytes[std::max(alignof(Handler), alignof(std::max_align_t))];
};

/// An asynchronous wait for several tasks, in one block of memory of the
/// handler's allocator: itself and, behind it, its members. It gives that
/// memory back before the handler can run.
template <class Handler, wait_kind Kind>
class async_wait_set final : public wait_set, public loop_delivery, public context_wait {
    using report_type = report_joint_wait<Kind>;
    using delivery_type = delivery<Handler, report_type>;
    using executor = asio::associated_executor_t<Handler, loop_executor>;
    using destination_type = destination<executor>;

    using unit = wait_set_unit<Handler>;
    using allocator = block_allocator_unless_given<asio::associated_allocator_t<Handler>, unit>;
    using memory = std::allocator_traits<allocator>;

public:
    /// Begins the wait. The handler is called exactly once, never from in here.
    /// Precondition: there are tasks, and no empty handle.
    static void begin(steady_time deadline, Handler&& handler, report_type&& report)
    {
        std::size_t index = no_index;
        const bool complete = is_complete(Kind, report.tasks().records(), index);
        if (complete || deadline == deadline_now) {
            report.set_index(index);
            return deliver_now(std::move(handler), std::move(report), complete ? std::error_code() : errc::timed_out);
        }
        owner made = make(deadline, std::move(handler), std::move(report));
        give_up_handler* const give_up = made->connect_slot();
        async_wait_set& begun = *made.release();
        // A context that is shutting down destroys what is posted to it.
        if (begun.destination_ && !begun.enter(begun.destination_->registry())) return begun.tell(begun.core());
        begun.wait_set::begin(begun.report_.tasks().records(), begun.places(), give_up);
    }

    async_wait_set(steady_time deadline, Handler&& handler, report_type&& report)
        : wait_set(Kind, deadline),
          task_count_(report.tasks().records().size()),
          memory_of_handler_(asio::get_associated_allocator(handler)),
          executor_(executor_of(handler, report.tasks())),
          handler_(std::move(handler)),
          report_(std::move(report))
    {
        // The event loop must be able to end before all of the tasks have, as
        // they may be of several engines: it is pinned only for the delivery. One of
        // the caller's is as any other context, unless it is gone.
        if (!is_event_loop()) destination_.emplace(executor_);
        else if (!has_own_event_loop(core())) destination_.emplace(core(), executor_);
    }

    /// Where the handler is to run. The event loop stays pinned until it has
    /// returned.
    void deliver() override
    {
        assert_no_lock_held("a handler runs");
        owner self(this);
        const std::optional<destination_type> pinned = std::move(destination_);
        delivery_type delivered = take_delivery();
        self.reset();
        delivered();
    }

    void discard() noexcept override
    {
        owner self(this);
        const std::optional<destination_type> left = std::move(destination_);
        const delivery_type discarded = take_delivery();
        self.reset();
    }

private:
    [[nodiscard]] engine_core& core() const noexcept { return core_behind(executor_, report_.tasks()); }

    void finished() noexcept override
    {
        assert_no_lock_held("a wait is completed");
        report_.set_index(index());
        if (!destination_) destination_.emplace(core(), executor_);
        if (!destination_->hand_over(*this)) tell(core());
    }

    bool take_back() noexcept override
    {
        // Then the set is told of its end like any other, which comes to us.
        give_up();
        return take_back_postponed(core(), *this);
    }

    bool post_handler() noexcept override
    {
        destination_type target = std::move(*destination_);
        destination_.reset();
        if (target.post_wait(*this, asio::get_associated_allocator(handler_))) return true;
        destination_.emplace(std::move(target));
        return false;
    }

    delivery_type take_delivery()
    {
        return delivery_type(std::move(handler_), std::move(report_), code_of(outcome()), {});
    }

    static void deliver_now(Handler&& handler, report_type&& report, std::error_code error)
    {
        const executor target = executor_of(handler, report.tasks());
        destination_type destination(core_behind(target, report.tasks()), target);
        destination.post(delivery_type(std::move(handler), std::move(report), error, {}));
    }

    static executor executor_of(const Handler& handler, const awaited_tasks& tasks) noexcept
    {
        return asio::get_associated_executor(handler, event_loop_executor(core_of(*tasks.records().front())));
    }

    [[nodiscard]] bool is_event_loop() const noexcept
    {
        if constexpr (std::is_same_v<executor, loop_executor>)
            return event_loop_executor(core_behind(executor_, report_.tasks())) == executor_;
        else return false;
    }

    /// Gives the memory back to the handler's allocator.
    struct disposer {
        void operator()(async_wait_set* disposed) const noexcept
        {
            allocator memory_of_handler(disposed->memory_of_handler_);
            const std::size_t units = units_for(disposed->task_count_);
            std::destroy_at(disposed);
            memory::deallocate(memory_of_handler, reinterpret_cast<unit*>(disposed), units);
        }
    };
    using owner = std::unique_ptr<async_wait_set, disposer>;

    static owner make(steady_time deadline, Handler&& handler, report_type&& report)
    {
        allocator memory_of_handler(asio::get_associated_allocator(handler));
        const std::size_t units = units_for(report.tasks().records().size());
        unit* const place = memory::allocate(memory_of_handler, units);
        try {
            return owner(std::construct_at(reinterpret_cast<async_wait_set*>(place), deadline, std::move(handler),
                                           std::move(report)));
        } catch (...) {
            memory::deallocate(memory_of_handler, place, units);
            throw;
        }
    }

    /// For the wait, and for that many members behind it.
    static constexpr std::size_t units_for(std::size_t task_count) noexcept
    {
        static_assert(alignof(async_wait_set) <= alignof(unit) && alignof(member) <= alignof(unit));
        const auto units = [](std::size_t bytes) { return (bytes + sizeof(unit) - 1) / sizeof(unit); };
        return units(sizeof(async_wait_set)) + units(task_count * sizeof(member));
    }

    member* places() noexcept { return reinterpret_cast<member*>(reinterpret_cast<unit*>(this) + units_for(0)); }

    give_up_handler* connect_slot()
    {
        auto slot = asio::get_associated_cancellation_slot(handler_);
        if (!slot.is_connected()) return nullptr;
        return &slot.template emplace<give_up_handler>(share(*report_.tasks().records().front()));
    }

    const std::size_t task_count_;
    allocator memory_of_handler_;
    executor executor_;
    std::optional<destination_type> destination_; // for the event loop only once the wait is over
    Handler handler_;
    report_type report_;
};

/// Begins such a wait: what asio::async_initiate calls with the handler that it
/// made of the caller's token.
template <wait_kind Kind>
class joint_wait_initiation {
public:
    using executor_type = asio::any_io_executor;

    joint_wait_initiation(awaited_tasks tasks, steady_time deadline) noexcept
        : report_(std::move(tasks)), deadline_(deadline)
    {
    }

    /// Where a handler without an executor of its own is called.
    [[nodiscard]] executor_type get_executor() const noexcept
    {
        if (cannot_wait()) return asio::system_executor();
        return event_loop_executor(core_of(*report_.tasks().records().front()));
    }

    template <class Handler>
    void operator()(Handler&& handler)
    {
        using handler_type = std::decay_t<Handler>;
        handler_type moved = std::forward<Handler>(handler);
        if (!cannot_wait())
            return async_wait_set<handler_type, Kind>::begin(deadline_, std::move(moved), std::move(report_));
        // Asked before the report is moved: arguments come in any order.
        const std::error_code verdict = verdict_without_tasks();
        refuse_wait(std::move(moved), std::move(report_), verdict);
    }

private:
    [[nodiscard]] bool cannot_wait() const noexcept
    {
        return report_.tasks().records().empty() || report_.tasks().lack_a_task();
    }
    /// All of no tasks have ended.
    [[nodiscard]] std::error_code verdict_without_tasks() const noexcept
    {
        const bool complete = Kind == wait_kind::all && report_.tasks().records().empty();
        return complete ? std::error_code() : errc::no_task;
    }

    report_joint_wait<Kind> report_;
    steady_time deadline_;
};

} // namespace vmtask::detail
