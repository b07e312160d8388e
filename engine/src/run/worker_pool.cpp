// SPDX-License-Identifier: BSL-1.0
#include "run/worker_pool.hpp"

#include "record/task_record.hpp"
#include "run/scheduler.hpp"
#include "time/timer_loop.hpp"

#include <vmtask/detail/block_memory.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace vmtask::detail {
namespace {

/// Tasks that a worker runs in a row before other handlers of its io_context
/// get their turn.
constexpr int tasks_per_turn = 64;

} // namespace

/// What a worker does once it is woken; if its thread ends under it, by
/// pthread_exit() in a body or an observer, others go on with it.
class worker_pool::turn {
public:
    turn(worker_pool& pool, engine_thread& self) noexcept : pool_(pool), self_(self) {}
    ~turn()
    {
        if (is_over_) return;
        self_.current = nullptr;
        pool_.end_turn();
    }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;
    void over() noexcept { is_over_ = true; }

private:
    worker_pool& pool_;
    engine_thread& self_;
    bool is_over_ = false;
};

worker_pool::worker_pool(engine_core& core, scheduler& scheduler, timer_loop& timers, const numbers& threads,
                         thread_group::exception_handler on_exception)
    : scheduler_(scheduler),
      timers_(timers),
      size_(threads),
      threads_(core, thread_kind::worker, std::move(on_exception)),
      allowed_(threads.workers)
{
}

void worker_pool::start()
{
    while (threads_.size() < size_.workers) threads_.add_thread();
}

// No wake-up is lost: a poster puts its task on the scheduler and then looks at
// searching_ and active_; a worker takes itself out of these and then looks at
// the scheduler. Both in one order for all threads, so one of them sees the other.
void worker_pool::notify() noexcept
{
    if (searching_.load(std::memory_order_seq_cst) > 0) return;
    std::size_t active = active_.load(std::memory_order_seq_cst);
    while (active < allowed_.load(std::memory_order_seq_cst)) {
        if (active_.compare_exchange_weak(active, active + 1, std::memory_order_seq_cst)) return post_turn();
    }
}

void worker_pool::post_turn() noexcept
{
    threads_.post(engine_handler(memory_, [this] { take_turn(); }));
}

void worker_pool::take_turn()
{
    engine_thread& self = *this_engine_thread();
    turn own(*this, self);
    run_turn(self);
    own.over();
}

void worker_pool::run_turn(engine_thread& self)
{
    end_idleness(self);
    task_record* ended = nullptr;
    for (int run = 0; run < tasks_per_turn;) {
        bool more = false;
        task_record* const next = scheduler_.exchange(std::exchange(ended, nullptr), more);
        if (!next) {
            if (find_work(self)) continue;
            return;
        }
        if (more) notify();
        self.current = next;
        if (next->run()) ended = next;
        self.current = nullptr;
        ++run;
        // A value to which nobody has a handle goes before another task is started.
        if (ended && ended->keeps_value()) scheduler_.retire(*std::exchange(ended, nullptr));
        if (leave_if_too_many()) {
            if (ended) scheduler_.retire(*ended);
            return;
        }
    }
    if (ended) scheduler_.retire(*ended);
    post_turn();
}

void worker_pool::run_here(task_record& queued, engine_thread& self)
{
    if (!scheduler_.take(queued)) return;
    task_record* const waiting = std::exchange(self.current, &queued);
    ++self.nested;
    if (queued.run()) scheduler_.retire(queued);
    --self.nested;
    self.current = waiting;
}

/// Learns from how long the worker was without a task.
void worker_pool::end_idleness(engine_thread& self) noexcept
{
    const steady_time since = std::exchange(self.idle_since, deadline_never);
    if (since != deadline_never) spin_.note(std::chrono::steady_clock::now() - since);
}

/// Looks for a task a little longer. False when this turn is over.
bool worker_pool::find_work(engine_thread& self) noexcept
{
    self.idle_since = std::chrono::steady_clock::now();
    if (search(self) || tidy_up()) {
        end_idleness(self);
        return true;
    }
    end_turn();
    return false;
}

void worker_pool::end_turn() noexcept
{
    active_.fetch_sub(1, std::memory_order_seq_cst);
    if (scheduler_.has_queued()) notify();
}

/// One worker at a time: it hands on what it does not take itself.
bool worker_pool::search(engine_thread& self) noexcept
{
    const bool is_first = searching_.fetch_add(1, std::memory_order_seq_cst) == 0;
    const bool found = is_first && spin_.until([this] { return scheduler_.has_queued(); }, self.idle_since);
    searching_.fetch_sub(1, std::memory_order_seq_cst);
    return found;
}

/// Returns the memory of a burst. True as soon as there is a task again.
bool worker_pool::tidy_up() noexcept
{
    while (give_blocks_back()) {
        if (scheduler_.has_queued()) return true;
    }
    return false;
}

/// After a blocked worker has come back there is one too many; the first to
/// notice stops.
bool worker_pool::leave_if_too_many() noexcept
{
    std::size_t active = active_.load(std::memory_order_relaxed);
    while (active > allowed_.load(std::memory_order_relaxed)) {
        if (active_.compare_exchange_weak(active, active - 1, std::memory_order_seq_cst)) {
            if (scheduler_.has_queued()) notify();
            return true;
        }
    }
    return false;
}

bool worker_pool::begin_blocking() noexcept
{
    {
        const mutex_guard lock(mutex_);
        add_spare_worker_locked();
        // One must stay free: it gets to every queued task in the end.
        if (threads_.size() <= blocked_ + 1 && threads_.is_open()) return false;
        ++blocked_;
        most_blocked_ = std::max(most_blocked_, blocked_);
        ++waits_compensated_;
        allow_turns_locked();
    }
    if (scheduler_.has_queued()) notify();
    return true;
}

void worker_pool::end_blocking() noexcept
{
    const mutex_guard lock(mutex_);
    --blocked_;
    allow_turns_locked();
    watch_spares_locked();
}

void worker_pool::read_counters(metrics_snapshot& into) const
{
    const mutex_guard lock(mutex_);
    into.workers = threads_.size();
    into.workers_blocked = blocked_;
    into.spare_workers_started = spares_started_;
    into.waits_compensated = waits_compensated_;
}

/// Makes up for one blocked worker more, if a thread can be had.
void worker_pool::add_spare_worker_locked() noexcept
{
    const std::size_t wanted = wanted_locked(blocked_ + 1);
    try {
        while (threads_.size() < wanted && threads_.add_thread()) ++spares_started_;
    } catch (const std::exception&) {
        // The workers that there are must do; the caller counts them.
        return;
    }
}

void worker_pool::allow_turns_locked() noexcept
{
    allowed_.store(std::min(threads_.size(), size_.workers + blocked_), std::memory_order_seq_cst);
}

std::size_t worker_pool::wanted_locked(std::size_t blocked) const noexcept
{
    return size_.workers + std::min(blocked, size_.spare_workers);
}

void worker_pool::idle_watch::arm_locked(steady_time when) noexcept
{
    armed = true;
    set_deadline(when);
    pool_.timers_.add(*this);
}

void worker_pool::watch_spares_locked() noexcept
{
    // Those that stand in for blocked workers are not idle.
    if (idle_watch_.armed || threads_.size() <= wanted_locked(blocked_)) return;
    const steady_time now = std::chrono::steady_clock::now();
    if (size_.spare_idle < deadline_never - now) idle_watch_.arm_locked(now + size_.spare_idle);
}

/// On the timer loop.
void worker_pool::look_for_idle_spares() noexcept
{
    const mutex_guard lock(mutex_);
    idle_watch_.armed = false;
    kept_ = wanted_locked(std::exchange(most_blocked_, blocked_));
    ask_spare_to_leave_locked();
    watch_spares_locked();
}

void worker_pool::ask_spare_to_leave_locked() noexcept
{
    if (threads_.size() > std::max(kept_, wanted_locked(blocked_)))
        threads_.post(engine_handler(memory_, [this] { leave_if_spare(); }));
}

/// One after the other: each asks the next.
void worker_pool::leave_if_spare()
{
    {
        const mutex_guard lock(mutex_);
        if (threads_.size() <= std::max(kept_, wanted_locked(blocked_))) return;
        if (!threads_.set_this_thread_aside()) return;
        ask_spare_to_leave_locked();
    }
    throw thread_group::departure();
}

} // namespace vmtask::detail
