// SPDX-License-Identifier: BSL-1.0
#include "run/reaper.hpp"

#include <exception>
#include <utility>

namespace vmtask::detail {

reaper::reaper(engine_core& core, std::size_t spare_threads, thread_group::exception_handler on_exception)
    : spare_threads_(spare_threads), threads_(core, thread_kind::reaper, std::move(on_exception))
{
}

void reaper::join()
{
    threads_.join();
    for (;;) {
        job* left = nullptr;
        {
            const mutex_guard lock(mutex_);
            left = pop_locked();
            // Not before: what a job adds is put behind it, not run inside it.
            if (!left) is_closed_ = true;
        }
        if (!left) return;
        left->run();
    }
}

void reaper::add(job& added) noexcept
{
    {
        const mutex_guard lock(mutex_);
        if (!is_closed_) {
            added.next_ = nullptr;
            (newest_ ? newest_->next_ : oldest_) = &added;
            newest_ = &added;
            if (!is_asked_) ask_for_turn_locked();
            return;
        }
    }
    added.run();
}

void reaper::ask_for_turn_locked() noexcept
{
    is_asked_ = true;
    threads_.post(engine_handler(memory_, [this] { take_turn(); }));
}

void reaper::take_turn()
{
    engine_thread& self = *this_engine_thread();
    self.has_turn = true;
    while (job* const next = next_of_turn(self)) next->run();
}

/// Null when the turn is over, or has been handed on.
reaper::job* reaper::next_of_turn(engine_thread& self)
{
    const mutex_guard lock(mutex_);
    if (!self.has_turn) {
        --handed_on_;
        if (leave_if_spare_locked()) throw thread_group::departure();
        return nullptr;
    }
    job* const next = pop_locked();
    if (!next) self.has_turn = is_asked_ = false;
    return next;
}

/// True when the calling thread, whose job has come back from a wait, is not
/// needed any more.
bool reaper::leave_if_spare_locked() noexcept
{
    return threads_.size() > handed_on_ + 1 && threads_.set_this_thread_aside();
}

reaper::job* reaper::pop_locked() noexcept
{
    job* const popped = oldest_;
    if (!popped) return nullptr;
    oldest_ = popped->next_;
    if (!oldest_) newest_ = nullptr;
    return popped;
}

bool reaper::begin_blocking() noexcept
{
    engine_thread& self = *this_engine_thread();
    const mutex_guard lock(mutex_);
    // An earlier wait of the same job has handed it on; it is not taken back.
    if (!self.has_turn) return true;
    if (!has_thread_to_spare_locked()) return false;
    self.has_turn = is_asked_ = false;
    ++handed_on_;
    if (oldest_) ask_for_turn_locked();
    return true;
}

/// Started now and not when a job comes: add() must not fail.
bool reaper::has_thread_to_spare_locked() noexcept
{
    if (threads_.size() > handed_on_ + 1) return true;
    if (!threads_.is_open()) return true; // whoever joins does what is left
    if (handed_on_ >= spare_threads_) return false;
    try {
        return threads_.add_thread();
    } catch (const std::exception&) {
        return false;
    }
}

} // namespace vmtask::detail
