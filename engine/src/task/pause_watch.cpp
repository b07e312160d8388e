// SPDX-License-Identifier: BSL-1.0
#include "task/pause_watch.hpp"

#include "base/engine_core.hpp"
#include "run/event_loop.hpp"

#include <vmtask/detail/engine_access.hpp>
#include <vmtask/pause_subscription.hpp>

#include <asio/post.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace vmtask {
namespace detail {

void pause_watch::open()
{
    const mutex_guard lock(task_->mutex_);
    task_->extras_locked().pause_watches.push_back(this);
    if (task_->is_held()) note_change();
}

void pause_watch::close() noexcept
{
    {
        const mutex_guard lock(task_->mutex_);
        // There are none where memory lacked for that.
        if (task_->extras_now()) std::erase(task_->extras_now()->pause_watches, this);
    }
    std::function<void(bool)> left; // goes after the lock
    const mutex_guard lock(mutex_);
    is_closed_ = true;
    if (caller_ == std::this_thread::get_id()) return; // it goes with the call
    while (caller_ != std::thread::id()) called_.wait(mutex_);
    left.swap(callback_);
}

void pause_watch::note_change() noexcept
{
    if (asked_) return;
    asked_ = shared_from_this();
    task_->core().reaper.add(*this);
}

void pause_watch::run() noexcept
{
    std::shared_ptr<pause_watch> self;
    {
        const mutex_guard lock(task_->mutex_);
        self = std::move(asked_);
    }
    const loop_pin pin(task_->core());
    if (!pin) return;
    try {
        asio::post(task_->core().loop.executor(), [self] { self->look(); });
    } catch (const std::bad_alloc&) {
        // It must not be lost; so it is told here.
        self->look();
    }
}

void pause_watch::look()
{
    assert_no_lock_held("a pause is told");
    if (!begin_call()) return;
    struct call {
        ~call()
        {
            if (!is_over) watch.abandon_call();
        }
        pause_watch& watch;
        bool is_over = false;
    } under_way{*this};
    do {
        const bool is_held = task_->is_held() && !task_->ended();
        if (std::exchange(told_, is_held) != is_held) callback_(is_held);
    } while (!(under_way.is_over = end_call()));
}

bool pause_watch::begin_call()
{
    const mutex_guard lock(mutex_);
    is_to_look_again_ = caller_ != std::thread::id();
    if (is_closed_ || is_to_look_again_) return false;
    caller_ = std::this_thread::get_id();
    return true;
}

/// False when somebody has come meanwhile, for whom to look again.
bool pause_watch::end_call() noexcept
{
    const mutex_guard lock(mutex_);
    if (std::exchange(is_to_look_again_, false) && !is_closed_) return false;
    caller_ = std::thread::id();
    called_.notify_all();
    return true;
}

/// The callback has thrown; whoever has come meanwhile is still owed a look.
void pause_watch::abandon_call() noexcept
{
    if (end_call()) return;
    {
        const mutex_guard lock(task_->mutex_);
        note_change();
    }
    (void)end_call();
}

} // namespace detail

pause_subscription::~pause_subscription()
{
    if (watch_) watch_->close();
}

} // namespace vmtask
