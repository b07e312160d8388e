// SPDX-License-Identifier: BSL-1.0
#include "base/thread_group.hpp"

#include "base/engine_core.hpp"

#include <vmtask/detail/block_memory.hpp>
#include <vmtask/detail/forced_unwind.hpp>
#include <vmtask/engine_options.hpp>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <thread>

namespace vmtask::detail {

namespace {

std::string_view role_of(thread_kind kind) noexcept
{
    switch (kind) {
    case thread_kind::worker: return "-worker";
    case thread_kind::event_loop: return "-loop";
    case thread_kind::timer_loop: return "-timer";
    case thread_kind::reaper: break;
    }
    return "-reaper";
}

void call_on_start(const std::function<void()>& hook) noexcept
{
    assert_no_lock_held("a thread begins");
    if (hook) hook();
}

} // namespace

/// A thread from its begin to its end, however it ends: by pthread_exit() in
/// code of the user's it unwinds through here.
class thread_group::presence {
public:
    presence(thread_group& group, member& own) noexcept : group_(group), own_(own)
    {
        this_engine_thread() = &own.self;
        if (group.kind_ == thread_kind::worker) keep_blocks_until_idle();
    }
    ~presence()
    {
        if (is_torn_) {
            if (is_counted_) (void)count_out();
            group_.replace_torn(own_.self);
        }
        this_engine_thread() = nullptr;
        group_.core_.forget_tasks(own_.self.forgotten);
        if (own_.before) own_.before->thread.join();
        own_.before.reset();
    }
    presence(const presence&) = delete;
    presence& operator=(const presence&) = delete;

    /// True for the last thread to leave the io_context.
    [[nodiscard]] bool count_out() noexcept
    {
        is_counted_ = false;
        return group_.running_.fetch_sub(1, std::memory_order_acq_rel) == 1;
    }
    void end() noexcept { is_torn_ = false; }

private:
    thread_group& group_;
    member& own_;
    bool is_torn_ = true;
    bool is_counted_ = true;
};

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

bool thread_group::add_thread()
{
    const mutex_guard lock(mutex_);
    if (!is_open_) return false;
    start_thread_locked();
    return true;
}

void thread_group::start_thread_locked()
{
    members_.reserve(members_.size() + 1);
    auto added = std::make_unique<member>(core_, kind_);
    running_.fetch_add(1, std::memory_order_relaxed);
    try {
        added->thread =
            native_thread(thread_name(), core_.threads.stack_size, [this, own = added.get()] { run(*own); });
    } catch (...) {
        running_.fetch_sub(1, std::memory_order_relaxed);
        throw;
    }
    members_.push_back(std::move(added));
}

bool thread_group::set_this_thread_aside() noexcept
{
    const mutex_guard lock(mutex_);
    if (!is_open_) return false;
    set_aside_locked(*this_engine_thread());
    return true;
}

/// A thread cannot join itself: the next one that goes does, at its very end.
void thread_group::set_aside_locked(engine_thread& self) noexcept
{
    const auto is_it = [&](const std::unique_ptr<member>& each) { return &each->self == &self; };
    const auto found = std::find_if(members_.begin(), members_.end(), is_it);
    if (found == members_.end()) return;
    (*found)->before = std::move(last_aside_);
    last_aside_ = std::move(*found);
    members_.erase(found);
}

std::size_t thread_group::size() const
{
    const mutex_guard lock(mutex_);
    return members_.size();
}

bool thread_group::is_open() const
{
    const mutex_guard lock(mutex_);
    return is_open_;
}

/// What the system shows of it, which is 15 characters.
std::string thread_group::thread_name() const
{
    constexpr std::size_t most = 15;
    const std::string_view role = role_of(kind_);
    return core_.threads.name.substr(0, most - role.size()).append(role);
}

void thread_group::run(member& own)
{
    presence here(*this, own);
    call_on_start(core_.threads.on_start);
    guarded([this] { context_->run(); });
    // Stopped: handlers that were ready are still owed their call. The last
    // thread to leave makes it, so that they run where they always did.
    if (here.count_out()) run_ready_generations();
    here.end();
}

/// Has another thread do the work of one that was torn away.
void thread_group::replace_torn(engine_thread& torn) noexcept
{
    {
        const mutex_guard lock(mutex_);
        if (!is_open_) return; // whoever joins it sees what is left to do
        set_aside_locked(torn);
    }
    // The last one stays until there is another: the engine would stand still.
    while (!fill_gap()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

/// False when there is no thread, and none can be had now.
bool thread_group::fill_gap() noexcept
{
    try {
        (void)add_thread();
        return true;
    } catch (const std::exception&) {
        return size() > 0 || !is_open();
    }
}

/// What ready handlers post is run too, as a coroutine's end may be several
/// steps away; but one that posts itself for ever must not keep us here.
void thread_group::run_ready_generations()
{
    constexpr int generations = 64;
    for (int generation = 0; generation < generations && run_ready_handlers(); ++generation) {
    }
    ready_handlers_done_ = true;
}

/// Runs the handlers that are ready now, but none that they post. False when
/// there was none.
bool thread_group::run_ready_handlers()
{
    context_->restart();
    const std::uint64_t generation = ++generation_;
    std::size_t handlers = 0;
    guarded([&] { asio::post(*context_, [this, generation] { passed_generation_ = generation; }); });
    while (passed_generation_ < generation) guarded([&] { handlers += context_->poll_one(); });
    return handlers > 1;
}

/// Repeats the work until it returns without an exception.
void thread_group::guarded(const std::function<void()>& work)
{
    for (;;) {
        try {
            return work();
        } catch (const departure&) {
            return;
        } catch (forced_unwind&) {
            throw;
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
    bool has_threads = false;
    {
        const mutex_guard lock(mutex_);
        is_open_ = false;
        has_threads = !members_.empty();
    }
    join_members();
    // The last thread was torn away: another one goes on, unless this happens
    // again and again, or no thread can be had.
    for (int attempts = 0; has_threads && !ready_handlers_done_ && attempts < 64; ++attempts) {
        try {
            const mutex_guard lock(mutex_);
            context_->stop();
            start_thread_locked();
        } catch (const std::exception&) {
            return;
        }
        join_members();
    }
}

void thread_group::join_members()
{
    // The guard stays until the threads are gone: without it they could leave
    // by themselves and be among the ready handlers when the stop comes.
    context_->stop();
    std::vector<std::unique_ptr<member>> joined;
    std::unique_ptr<member> aside;
    {
        const mutex_guard lock(mutex_);
        joined.swap(members_);
        aside = std::move(last_aside_);
    }
    for (auto& owned : joined) owned->thread.join();
    if (aside) aside->thread.join();
}

void thread_group::drop()
{
    if (context_) context_->drop();
}

void thread_group::stop()
{
    join();
    drop();
    entrance_.close();
    work_.reset();
    context_.reset();
}

} // namespace vmtask::detail
