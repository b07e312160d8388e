// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/asio_guard.hpp>
#include <vmtask/detail/block_pool.hpp>
#include <vmtask/detail/deadline.hpp>
#include <vmtask/detail/destination.hpp>
#include <vmtask/detail/intrusive_ptr.hpp>
#include <vmtask/detail/task_record.hpp>
#include <vmtask/detail/task_work.hpp>
#include <vmtask/detail/wait_registry.hpp>
#include <vmtask/detail/waiter.hpp>

#include <asio/execution/executor.hpp>
#include <asio/is_executor.hpp>

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace vmtask::detail {

/// What Asio can post to.
template <class T>
concept executor_type = asio::execution::is_executor<T>::value || asio::is_executor<T>::value;

/// A suspended coroutine that waits for a task, and is resumed on an executor.
///
/// It lives outside the coroutine, shared by it and the wait, because the
/// coroutine may be destroyed while it is suspended, even with its resumption
/// already posted.
template <class Executor>
class resumption final : public waiter, public context_wait {
public:
    resumption(intrusive_ptr<task_record> task, const Executor& executor)
        : waiter(deadline_never), destination_(std::in_place, core_of(*task), executor), task_(std::move(task))
    {
    }

    // Made on one thread and destroyed on another.
    static void* operator new(std::size_t size) { return allocate_block(size); }
    static void operator delete(void* memory, std::size_t size) noexcept { free_block(memory, size); }

    friend void add_reference(resumption& self) noexcept { self.references_.fetch_add(1, std::memory_order_relaxed); }
    friend void release_reference(resumption& self) noexcept
    {
        if (self.references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete &self;
    }

    /// Begins the wait. The coroutine may have ended when this returns.
    void begin(std::coroutine_handle<> suspended) noexcept
    {
        suspended_ = suspended;
        add_reference(*this); // the wait's
        // A context that is shutting down lets go what is posted to it.
        if (!enter(destination_->registry()) || !add_waiter(*task_, *this)) complete(wait_outcome::completed);
    }

    void complete(wait_outcome) noexcept override { tell(core_of(*task_)); }

    /// Where the coroutine is to go on.
    void deliver()
    {
        const intrusive_ptr<resumption> self(this, adopt_reference);
        if (!gone_.exchange(true, std::memory_order_acq_rel)) suspended_.resume();
    }

    /// Lets go of the coroutine, which may be its owner's still, and of all that
    /// is its context's.
    void discard() noexcept override
    {
        const intrusive_ptr<resumption> self(this, adopt_reference);
        destination_.reset();
    }

    /// The coroutine is being destroyed, or has gone on: it is not resumed from
    /// here any more.
    void abandon() noexcept
    {
        if (gone_.exchange(true, std::memory_order_acq_rel)) return;
        if (withdraw()) forsake();
    }

private:
    bool take_back() noexcept override { return withdraw() || take_back_postponed(core_of(*task_), *this); }

    bool post_handler() noexcept override
    {
        destination<Executor> target = std::move(*destination_);
        destination_.reset();
        if (target.post_wait(*this, std::allocator<void>())) return true;
        destination_.emplace(std::move(target));
        return false;
    }

    std::atomic<std::uint32_t> references_{1};
    std::atomic<bool> gone_{false}; // resumed or abandoned
    std::coroutine_handle<> suspended_;
    std::optional<destination<Executor>> destination_; // none once it is posted
    intrusive_ptr<task_record> task_;
};

/// What a coroutine awaits: `Fetch` says what the co_await expression is.
///
/// Neither an aggregate nor inlined where it suspends: g++ 12 destroys
/// temporaries of the one kind twice, clang 14 writes to a frame that is gone
/// after the other.
template <class Executor, class Fetch>
class resume_awaiter {
public:
    resume_awaiter(intrusive_ptr<task_record> task, Executor executor, Fetch fetch)
        : task_(std::move(task)), executor_(std::move(executor)), fetch_(std::move(fetch))
    {
    }
    resume_awaiter(resume_awaiter&&) = default;
    resume_awaiter& operator=(resume_awaiter&&) = delete;
    ~resume_awaiter()
    {
        if (resumption_) resumption_->abandon();
    }

    [[nodiscard]] bool await_ready() const noexcept { return false; }

    [[gnu::noinline]] void await_suspend(std::coroutine_handle<> suspended)
    {
        const intrusive_ptr<resumption<Executor>> made(new resumption<Executor>(task_, *executor_), adopt_reference);
        executor_.reset(); // of a context that may go before the coroutine
        resumption_ = made;
        made->begin(suspended); // from here on this awaiter may be gone
    }

    decltype(auto) await_resume() { return fetch_(*task_); }

private:
    intrusive_ptr<task_record> task_;
    std::optional<Executor> executor_; // until it is suspended
    Fetch fetch_;
    intrusive_ptr<resumption<Executor>> resumption_;
};

/// The expression is void.
struct fetch_nothing {
    void operator()(task_record&) const noexcept {}
};

/// The expression is the task's value, or throws what it threw.
template <class T>
struct fetch_value {
    T operator()(task_record& task) const
    {
        if constexpr (std::is_void_v<T>) require_success(task);
        else return result_of<T>(task).copy_or_take();
    }
};

} // namespace vmtask::detail
