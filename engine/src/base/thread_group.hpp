// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/engine_thread.hpp"
#include "base/native_thread.hpp"
#include "base/ranked_mutex.hpp"
#include "base/turnstile.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vmtask::detail {

/// An io_context and the threads that run it.
///
/// Its end has three steps, so that an engine can take each with all of its
/// groups: handlers of one may post to another as long as they run, and while
/// they are destroyed.
///
/// Thread safety: all members, but for join(), drop(), stop() and destruction,
/// which come last, in this order.
class thread_group {
public:
    using exception_handler = std::function<void(std::exception_ptr)>;

    /// Thrown by a handler that has set its thread aside: the thread ends.
    struct departure {};

    /// `on_exception` is told what escapes a handler; empty is std::terminate.
    thread_group(engine_core& core, thread_kind kind, exception_handler on_exception);
    ~thread_group();
    thread_group(const thread_group&) = delete;
    thread_group& operator=(const thread_group&) = delete;

    /// False when the group ends: nobody would join the thread. Throws
    /// std::system_error when the system has none left to give.
    bool add_thread();
    /// Takes the calling thread out of the group; it then throws a departure.
    /// False when the group ends, and it has to stay.
    [[nodiscard]] bool set_this_thread_aside() noexcept;
    [[nodiscard]] std::size_t size() const;
    /// False from the begin of join() on.
    [[nodiscard]] bool is_open() const;

    [[nodiscard]] asio::io_context& context() noexcept { return *context_; }

    /// Has one of the threads call it; once they have ended it is dropped.
    template <class Handler>
    void post(Handler handler) noexcept
    {
        if (!entrance_.enter()) return;
        asio::post(*context_, std::move(handler));
        entrance_.leave();
    }

    /// Runs the handlers that are ready and ends the threads.
    void join();
    /// Destroys what still waits on the io_context, and what that posts to it.
    void drop();
    /// Lets the io_context go; takes the other steps first.
    void stop();

    /// Calls `visit(engine_thread&)` for each thread, under the group's lock.
    template <class Visit>
    void for_each_thread(Visit visit)
    {
        const mutex_guard lock(mutex_);
        for (auto& owned : members_) visit(owned->self);
    }

private:
    class presence;

    struct member {
        member(engine_core& core, thread_kind kind) noexcept : self(core, kind) {}
        engine_thread self;
        native_thread thread;
        std::unique_ptr<member> before{}; // set aside earlier; this one joins it
    };

    /// Can be emptied while it is still there to be posted to.
    class group_context : public asio::io_context {
    public:
        void drop() { shutdown(); }
    };

    void start_thread_locked() VMTASK_REQUIRES(mutex_);
    void set_aside_locked(engine_thread& self) noexcept VMTASK_REQUIRES(mutex_);
    void join_members();
    void replace_torn(engine_thread& torn) noexcept;
    [[nodiscard]] bool fill_gap() noexcept;
    void run(member& self);
    [[nodiscard]] std::string thread_name() const;
    void run_ready_generations();
    bool run_ready_handlers();
    void guarded(const std::function<void()>& work);

    engine_core& core_;
    const thread_kind kind_;
    const exception_handler on_exception_;
    std::optional<group_context> context_;
    std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
    turnstile entrance_;
    std::atomic<std::size_t> running_{0};

    // The last thread's.
    std::uint64_t generation_ = 0;
    std::uint64_t passed_generation_ = 0;
    bool ready_handlers_done_ = false;

    mutable ranked_mutex<lock_rank::thread_group, std::mutex> mutex_;
    std::vector<std::unique_ptr<member>> members_ VMTASK_GUARDED_BY(mutex_);
    std::unique_ptr<member> last_aside_ VMTASK_GUARDED_BY(mutex_);
    bool is_open_ VMTASK_GUARDED_BY(mutex_) = true;
};

} // namespace vmtask::detail
