// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine_thread.hpp"

#include <vmtask/detail/ranked_mutex.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace vmtask::detail {

/// An io_context and the threads that run it.
///
/// Thread safety: all members, but for join(), stop() and destruction, which come last.
class thread_group {
public:
    using exception_handler = std::function<void(std::exception_ptr)>;

    /// `on_exception` is told what escapes a handler; empty is std::terminate.
    thread_group(engine_core& core, thread_kind kind, exception_handler on_exception);
    ~thread_group();
    thread_group(const thread_group&) = delete;
    thread_group& operator=(const thread_group&) = delete;

    /// Throws std::system_error when the system has no thread left to give.
    void add_thread();
    [[nodiscard]] std::size_t size() const;

    [[nodiscard]] asio::io_context& context() noexcept { return *context_; }

    /// Runs the handlers that are ready and ends the threads. Not analysed,
    /// because it comes last: the threads are not told to others any more.
    void join() VMTASK_NO_THREAD_SAFETY_ANALYSIS;
    /// The same, and then destroys what still waits on the io_context.
    void stop();

    /// Calls `visit(engine_thread&)` for each thread, under the group's lock.
    template <class Visit>
    void for_each_thread(Visit visit)
    {
        const mutex_guard lock(mutex_);
        for (auto& owned : members_) visit(owned->self);
    }

private:
    struct member {
        member(engine_core& core, thread_kind kind) noexcept : self(core, kind) {}
        engine_thread self;
        std::thread thread;
    };

    void run(engine_thread& self) noexcept;
    void run_ready_generations() noexcept;
    bool run_ready_handlers() noexcept;
    void guarded(const std::function<void()>& work) noexcept;

    engine_core& core_;
    const thread_kind kind_;
    const exception_handler on_exception_;
    std::optional<asio::io_context> context_;
    std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
    std::atomic<std::size_t> running_{0};

    mutable ranked_mutex<lock_rank::thread_group, std::mutex> mutex_;
    std::vector<std::unique_ptr<member>> members_ VMTASK_GUARDED_BY(mutex_);
};

} // namespace vmtask::detail
