// SPDX-License-Identifier: BSL-1.0
#include "time/timer_loop.hpp"

#include <asio/error.hpp>

#include <utility>

namespace vmtask::detail {

timer_loop::timer_loop(engine_core& core) : threads_(core, thread_kind::timer_loop, nullptr)
{
    timer_.emplace(threads_.context());
    // What Asio allocates for the first wait it has then: no later one fails.
    timer_->expires_at(steady_time::max());
    begin_wait();
}

void timer_loop::join()
{
    {
        const mutex_guard lock(mutex_);
        is_closed_ = true;
    }
    threads_.join();
    timer_.reset(); // before its io_context
}

void timer_loop::add(deadline_entry& added) noexcept
{
    bool ask = false;
    {
        const mutex_guard lock(mutex_);
        if (is_closed_) return;
        queue_.add(added);
        // The timer is never set to a later time when an entry goes: it fires
        // early once, finds nothing, and is set anew. So a stream of waits that
        // are all satisfied in time sets it once, not twice for each.
        if (added.deadline() < armed_for_) {
            armed_for_ = added.deadline();
            ask = !std::exchange(arming_asked_, true);
        }
    }
    if (ask) ask_for_arming();
}

void timer_loop::remove(deadline_entry& removed) noexcept
{
    const mutex_guard lock(mutex_);
    queue_.remove(removed);
}

void timer_loop::ask_for_arming() noexcept
{
    threads_.post(engine_handler(memory_, [this] { arm(); }));
}

void timer_loop::arm()
{
    steady_time when;
    {
        const mutex_guard lock(mutex_);
        arming_asked_ = false;
        when = armed_for_;
    }
    if (when == deadline_never) return;
    timer_->expires_at(when);
    begin_wait();
}

void timer_loop::begin_wait()
{
    timer_->async_wait(engine_handler(memory_, [this](std::error_code error) { on_timer(error); }));
}

void timer_loop::on_timer(std::error_code error)
{
    // Set anew in the meantime; the newer wait will be told.
    if (error == asio::error::operation_aborted) return;
    deadline_entry* due = take_due(std::chrono::steady_clock::now());
    arm();
    while (due) {
        deadline_entry* const next = due->next_;
        due->next_ = nullptr;
        due->expire();
        due = next;
    }
}

/// Takes out what is due and ours, as a list linked by next_.
deadline_entry* timer_loop::take_due(steady_time now) noexcept
{
    deadline_entry* first = nullptr;
    deadline_entry** last = &first;
    const mutex_guard lock(mutex_);
    deadline_entry* earliest = queue_.earliest();
    while (earliest && earliest->deadline() <= now) {
        queue_.remove(*earliest);
        if (earliest->claim_expiry()) {
            *last = earliest;
            last = &earliest->next_;
        }
        earliest = queue_.earliest();
    }
    armed_for_ = earliest ? earliest->deadline() : deadline_never;
    return first;
}

} // namespace vmtask::detail
