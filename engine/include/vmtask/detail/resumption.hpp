// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/asio_guard.hpp>
#include <vmtask/detail/block_memory.hpp>
#include <vmtask/detail/completion.hpp>
#include <vmtask/detail/intrusive_ptr.hpp>
#include <vmtask/detail/task_record.hpp>
#include <vmtask/detail/task_work.hpp>

#include <asio/execution/executor.hpp>
#include <asio/is_executor.hpp>

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
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
class resumption final : public completion {
public:
    /// Throws std::bad_alloc.
    [[nodiscard]] static intrusive_ptr<resumption> make(intrusive_ptr<task_record> task, const Executor& executor)
    {
        wait_target target{.task = std::move(task)};
        const std::size_t size = offset() + size_of_pending(target);
        void* const place = allocate_block(size);
        try {
            return {new (place) resumption(size, std::move(target), executor), adopt_reference};
        } catch (...) {
            free_block(place, size);
            throw;
        }
    }

    friend void add_reference(resumption& self) noexcept { self.references_.fetch_add(1, std::memory_order_relaxed); }
    friend void release_reference(resumption& self) noexcept
    {
        if (self.references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
        const std::size_t size = self.size_;
        destroy(*self.pending_);
        self.~resumption();
        free_block(&self, size);
    }

    /// Begins the wait. The coroutine may have ended when this returns.
    void begin(std::coroutine_handle<> suspended) noexcept
    {
        suspended_ = suspended;
        add_reference(*this); // the wait's
        detail::begin(*pending_, nullptr);
    }

    bool post(bool is_loop_gone) noexcept override { return place_->post(*this, std::allocator<void>(), is_loop_gone); }

    /// Where the coroutine is to go on.
    void deliver() override
    {
        const intrusive_ptr<resumption> self(this, adopt_reference);
        place_.reset();
        if (!gone_.exchange(true, std::memory_order_acq_rel)) suspended_.resume();
    }

    /// Lets go of the coroutine, which may be its owner's still, and of all that
    /// is its context's.
    void discard() noexcept override
    {
        const intrusive_ptr<resumption> self(this, adopt_reference);
        place_.reset();
    }

    /// The coroutine is being destroyed, or has gone on: it is not resumed from
    /// here any more.
    void abandon() noexcept
    {
        if (!gone_.exchange(true, std::memory_order_acq_rel)) detail::abandon(*pending_);
    }

private:
    resumption(std::size_t size, wait_target&& target, const Executor& executor)
        : size_(size),
          place_(std::in_place, executor),
          pending_(&make_pending(reinterpret_cast<std::byte*>(this) + offset(), std::move(target), *this,
                                 context_behind(executor), false))
    {
        if (!needs_work(*pending_)) return;
        try {
            place_->keep_in_work();
        } catch (...) {
            destroy(*pending_);
            throw;
        }
    }
    ~resumption() = default;

    /// Where the library's part begins.
    [[nodiscard]] static constexpr std::size_t offset() noexcept
    {
        constexpr std::size_t alignment = alignof(std::max_align_t);
        return (sizeof(resumption) + alignment - 1) / alignment * alignment;
    }

    const std::size_t size_;
    std::atomic<std::uint32_t> references_{1};
    std::atomic<bool> gone_{false}; // resumed or abandoned
    std::coroutine_handle<> suspended_;
    std::optional<handler_place<Executor>> place_; // none once it has come there
    pending_wait* const pending_;
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
        const intrusive_ptr<resumption<Executor>> made = resumption<Executor>::make(task_, *executor_);
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
