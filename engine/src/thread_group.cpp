// SPDX-License-Identifier: BSL-1.0
#include "thread_group.hpp"

#include "engine_core.hpp"

#include <vmtask/detail/block_pool.hpp>

#include <asio/post.hpp>

#include <utility>

namespace vmtask::detail {

// The io_context is made without a concurrency hint: with the hint 1 what a
// handler posts stays private to its thread, though others are idle.
thread_group::thread_group(engine_core& core, thread_kind kind, exception_handler on_exception)
    : core_(core),
      kind_(kind),
      on_exception_(std::move(on_exception)),
      context_(std::in_place),
      work_(context_->get_executor())
{
}

thread_group::~thread_group()
{
    stop();
}

void thread_group::add_thread()
{
    const mutex_guard lock(mutex_);
    members_.reserve(members_.size() + 1);
    auto added = std::make_unique<member>(core_, kind_);
    running_.fetch_add(1, std::memory_order_relaxed);
    try {
        added->thread = std::thread([this, self = &added->self] { run(*self); });
    } catch (...) {
        running_.fetch_sub(1, std::memory_order_relaxed);
        throw;
    }
    members_.push_back(std::move(added));
}

std::size_t thread_group::size() const
{
    const mutex_guard lock(mutex_);
    return members_.size();
}

void thread_group::run(engine_thread& self) noexcept
{
    this_engine_thread() = &self;
    if (kind_ == thread_kind::worker) keep_blocks_until_idle();
    guarded([this] { context_->run(); });
    // Stopped: handlers that were ready are still owed their call. The last
    // thread to leave makes it, so that they run where they always did.
    if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) run_ready_generations();
    this_engine_thread() = nullptr;
    core_.forget_tasks(self.forgotten);
}

/// What ready handlers post is run too, as a coroutine's end may be several
/// steps away; but one that posts itself for ever must not keep us here.
void thread_group::run_ready_generations() noexcept
{
    constexpr int generations = 64;
    for (int generation = 0; generation < generations && run_ready_handlers(); ++generation) {
    }
}

/// Runs the handlers that are ready now, but none that they post. False when
/// there was none.
bool thread_group::run_ready_handlers() noexcept
{
    context_->restart();
    bool reached_the_last = false;
    std::size_t handlers = 0;
    guarded([&] { asio::post(*context_, [&] { reached_the_last = true; }); });
    while (!reached_the_last) guarded([&] { handlers += context_->poll_one(); });
    return handlers > 1;
}

/// Repeats the work until it returns without an exception.
void thread_group::guarded(const std::function<void()>& work) noexcept
{
    for (;;) {
        try {
            return work();
        } catch (...) {
            if (!on_exception_) std::terminate();
            assert_no_lock_held("a handler's exception is told");
            on_exception_(std::current_exception());
        }
    }
}

void thread_group::join()
{
    if (!context_) return;
    // The guard stays until the threads are gone: without it they could leave
    // by themselves and be among the ready handlers when the stop comes.
    context_->stop();
    for (auto& owned : members_) owned->thread.join();
    members_.clear();
}

void thread_group::stop()
{
    join();
    work_.reset();
    context_.reset();
}

} // namespace vmtask::detail
