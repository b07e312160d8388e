// SPDX-License-Identifier: BSL-1.0
#include "run/task_board.hpp"

#include "run/queue_limit.hpp"
#include "run/reaped_tasks.hpp"
#include "tell/event_log.hpp"
#include "time/coarse_clock.hpp"
#include "time/timer_loop.hpp"

#include <vmtask/error.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <system_error>
#include <thread>
#include <utility>

namespace vmtask::detail {
/// Collects what the board lets go of, and drops it after the lock: the last
/// reference destroys the result, which is the user's, and may take its time. So
/// that is left to the reaper.
class task_board::released_tasks {
public:
    explicit released_tasks(task_board& board) noexcept : board_(board) {}
    released_tasks(const released_tasks&) = delete;
    released_tasks& operator=(const released_tasks&) = delete;
    ~released_tasks()
    {
        while (task_record* const dropped = list_.pop_front()) {
            if (dropped->keeps_value()) board_.reaped_.release(*dropped);
            else dropped->release_engines_reference();
        }
        if (task_record* const ended = without_value_) {
            ended->destroy_value();
            ended->release_reference();
        }
    }
    /// Has the value of this one destroyed, which nobody can ask for any more.
    void add_value_of(task_record& ended) noexcept
    {
        ended.add_reference();
        without_value_ = &ended;
    }
    void add(task_record& dropped) noexcept
    {
        woken_.add(board_.events_.remove(dropped.id()));
        list_.push_back(dropped);
    }

private:
    task_board& board_;
    task_list list_;
    task_record* without_value_ = nullptr;
    woken_readers woken_;
};

task_board::task_board(const engine_options& options, timer_loop& timers, reaper& sweeper, reaped_tasks& reaped,
                       event_log& events)
    : timers_(timers),
      sweeper_(sweeper),
      reaped_(reaped),
      events_(events),
      retain_(options.retain),
      queue_limit_(options.queue_limit == 0 ? std::numeric_limits<std::uint64_t>::max() : options.queue_limit),
      queue_(options.aging)
{
}

std::uint64_t task_board::admit(const task_record* whole)
{
    // Counted first: a shutdown that does not see this task yet has closed the
    // board before we look.
    const std::uint64_t id = admitted_.fetch_add(1, std::memory_order_seq_cst) + 1;
    // And a whole that has not ended now does not end before its part, unless it
    // refuses it.
    const admitted_tasks taken = open_for_.load(std::memory_order_seq_cst);
    const bool is_part = whole && !whole->ended();
    if (taken == admitted_tasks::none || (taken == admitted_tasks::parts && !is_part)) {
        withdraw();
        throw std::system_error(errc::shutting_down);
    }
    if (is_over_limit(id, left_queue_seen_.load(std::memory_order_relaxed), queue_limit_)) {
        const std::uint64_t left = left_queue_.load(std::memory_order_acquire);
        left_queue_seen_.store(left, std::memory_order_relaxed);
        if (is_over_limit(id, left, queue_limit_)) {
            withdraw();
            throw std::system_error(errc::queue_full);
        }
    }
    return id;
}

void task_board::withdraw() noexcept
{
    const mutex_guard lock(mutex_);
    count_left_locked();
    ++settled_;
    ++ended_;
    ++counters_.withdrawn;
    if (all_ended_locked()) all_ended_.notify_all();
}

void task_board::enlist(task_record& posted) noexcept
{
    const mutex_guard lock(mutex_);
    settle_locked(posted);
}

void task_board::settle_locked(task_record& posted) noexcept
{
    table_.add(posted.id(), posted);
    ++settled_;
}

void task_board::unlist(task_record& refused) noexcept
{
    const mutex_guard lock(mutex_);
    table_.remove(refused.id());
    --settled_;
}

void task_board::settle_inbox_locked() noexcept
{
    inbox_.drain([this](task_record& posted) {
        mutex_.assert_held();
        settle_locked(posted);
        push_locked(posted);
    });
    queue_empty_.store(queue_.empty(), std::memory_order_seq_cst);
}

void task_board::push_locked(task_record& ready) noexcept
{
    ready.in_run_queue_ = true;
    queue_.push(ready);
}

void task_board::take_out_locked(task_record& queued) noexcept
{
    queued.in_run_queue_ = false;
    queue_.remove(queued);
    if (queue_.empty()) queue_empty_.store(true, std::memory_order_seq_cst);
}

bool task_board::make_ready(task_record& known) noexcept
{
    const mutex_guard lock(mutex_);
    // Whoever claimed it has looked for it here already, or does so now, and
    // finds it in no queue.
    if (known.status_.is_claimed()) {
        count_left_locked();
        return false;
    }
    known.began_at_ = coarse_now();
    // Those in the inbox came before.
    settle_inbox_locked();
    push_locked(known);
    queue_empty_.store(false, std::memory_order_seq_cst);
    return true;
}

task_record* task_board::exchange(task_record* ended, bool& more) noexcept
{
    released_tasks released(*this);
    const steady_time now = coarse_now();
    const mutex_guard lock(mutex_);
    if (ended) retire_locked(*ended, now, released);
    task_record* const next = start_next_locked(now);
    more = !queue_.empty() || !inbox_.empty();
    return next;
}

task_record* task_board::pop_locked() noexcept
{
    // What is in the inbox has the priority that most tasks have; only others
    // could come before or after it out of turn.
    if (!queue_.has_only_normal() && !inbox_.empty()) settle_inbox_locked();
    if (task_record* const queued = queue_.pop()) {
        queued->in_run_queue_ = false;
        if (queue_.empty()) queue_empty_.store(true, std::memory_order_seq_cst);
        return queued;
    }
    task_record* const posted = inbox_.pop();
    if (posted) settle_locked(*posted);
    return posted;
}

task_record* task_board::start_next_locked(steady_time now) noexcept
{
    while (task_record* const next = pop_locked()) {
        // Started under the lock: whoever cancelled it takes the lock before he
        // lets go of it, so it is still there to be asked.
        const status_word::start_answer answer = next->status_.start();
        if (answer == status_word::start_answer::held) {
            next->is_set_aside_ = true;
            continue;
        }
        count_left_locked();
        if (answer == status_word::start_answer::claimed) continue;
        note_begin_locked(*next, now);
        return next;
    }
    return nullptr;
}

void task_board::note_begin_locked(task_record& begun, steady_time now) noexcept
{
    begun.began_at_ = now;
    const bool is_first = !begun.terms_ || begun.failed_attempts() == 0;
    if (is_first) counters_.queued.add(now - begun.queued_at_);
}

/// Without a locked addition, as all others are made under the lock as well.
void task_board::count_left_locked() noexcept
{
    left_queue_.store(left_queue_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

void task_board::count_left() noexcept
{
    const mutex_guard lock(mutex_);
    count_left_locked();
}

void task_board::count_requeued(const task_record& failed) noexcept
{
    const mutex_guard lock(mutex_);
    ++counters_.requeued;
    counters_.run.add(coarse_now() - failed.began_at_);
    left_queue_.store(left_queue_.load(std::memory_order_relaxed) - 1, std::memory_order_release);
}

bool task_board::start_elsewhere(task_record& queued) noexcept
{
    const mutex_guard lock(mutex_);
    switch (queued.status_.start()) {
    case status_word::start_answer::claimed: return false;
    case status_word::start_answer::held: queued.is_set_aside_ = true; return false;
    case status_word::start_answer::started: break;
    }
    count_left_locked();
    note_begin_locked(queued, coarse_now());
    return true;
}

void task_board::take_up(task_record& resumed) noexcept
{
    {
        const mutex_guard lock(mutex_);
        if (!resumed.is_set_aside_) return;
        resumed.is_set_aside_ = false;
    }
    resumed.launch();
}

bool task_board::take(task_record& queued) noexcept
{
    const mutex_guard lock(mutex_);
    if (!queued.in_run_queue_) settle_inbox_locked();
    if (!queued.in_run_queue_ || queued.status_.start() != status_word::start_answer::started) return false;
    take_out_locked(queued);
    count_left_locked();
    note_begin_locked(queued, coarse_now());
    return true;
}

void task_board::leave_queue(task_record& queued) noexcept
{
    const mutex_guard lock(mutex_);
    if (queued.kind() == body_kind::blocking && !queued.is_set_aside_) {
        if (!queued.in_run_queue_) settle_inbox_locked();
        if (!queued.in_run_queue_) return; // a worker has passed it over, or is about to be told of it
        take_out_locked(queued);
    }
    queued.is_set_aside_ = false;
    count_left_locked();
}

void task_board::set_priority(task_record& queued, task_priority priority) noexcept
{
    const mutex_guard lock(mutex_);
    if (!queued.in_run_queue_ && queued.kind() == body_kind::blocking) settle_inbox_locked();
    if (!queued.in_run_queue_) {
        queued.priority_ = priority;
        return;
    }
    queue_.remove(queued);
    queued.priority_ = priority;
    queue_.push(queued);
}

bool task_board::has_queued() const noexcept
{
    return !inbox_.empty() || !queue_empty_.load(std::memory_order_seq_cst);
}

void task_board::retire(task_record& ended) noexcept
{
    released_tasks released(*this);
    const mutex_guard lock(mutex_);
    retire_locked(ended, coarse_now(), released);
}

void task_board::retire_locked(task_record& ended, steady_time now, released_tasks& released) noexcept
{
    note_end_locked(ended, now);
    counters_.count_end(ended.state());
    // Whoever was claimed has ended in the queue.
    if (!ended.status_.is_claimed()) counters_.run.add(ended.ended_at_ - ended.began_at_);
    retained_.push_back(ended);
    ended.is_retained_ = true;
    if (withhold_value_locked(ended, 1)) released.add_value_of(ended);
    prune_locked(now, released);
    arm_sweep_locked();
    ++ended_;
    if (all_ended_locked()) all_ended_.notify_all();
}

/// Also a reference that is released without more is so under the lock: or the
/// board would count it when it retires the task, and nobody gave the value back.
task_board::release_answer task_board::release_handle(task_record& left) noexcept
{
    const mutex_guard lock(mutex_);
    if (left.is_retained_ && withhold_value_locked(left, 2)) return release_answer::value_withheld;
    return left.drop_reference() ? release_answer::released_last : release_answer::released;
}

/// Under the lock nobody finds the task, so nobody else gets to refer to it.
bool task_board::withhold_value_locked(task_record& ended, std::uint32_t references) noexcept
{
    if (ended.references_.load(std::memory_order_acquire) != (references | task_record::bit_keeps_value)) return false;
    ended.references_.fetch_and(~task_record::bit_keeps_value, std::memory_order_relaxed);
    ended.withhold_value();
    return true;
}

/// Whoever is told of an end before the board has it may ask for its time, and
/// shall be told the same as everybody after him.
void task_board::note_end_locked(task_record& ended, steady_time now) noexcept
{
    if (ended.ended_at_ == steady_time{}) ended.ended_at_ = now;
}

task_times task_board::times_of(task_record& known) noexcept
{
    const mutex_guard lock(mutex_);
    if (known.ended()) note_end_locked(known, coarse_now());
    return {known.began_at_, known.ended_at_};
}

void task_board::prune_locked(steady_time now, released_tasks& released) noexcept
{
    const auto too_old = [&](const task_record& oldest) { return now - oldest.ended_at_ >= retain_.age; };
    while (!retained_.empty() && (retained_.size() > retain_.count || too_old(*retained_.first()))) {
        release_locked(*retained_.first(), released);
        ++counters_.evicted;
    }
}

void task_board::release_locked(task_record& retained, released_tasks& released) noexcept
{
    retained_.remove(retained);
    retained.is_retained_ = false;
    table_.remove(retained.id());
    released.add(retained);
}

void task_board::sweep::arm_locked(steady_time when) noexcept
{
    armed = true;
    set_deadline(when);
    board_.timers_.add(*this);
}

/// Not on the timer loop: there may be many tasks to drop.
void task_board::sweep::expire() noexcept
{
    board_.sweeper_.add(*this);
}

void task_board::sweep_now() noexcept
{
    released_tasks released(*this);
    const mutex_guard lock(mutex_);
    sweep_.armed = false;
    prune_locked(coarse_now(), released);
    arm_sweep_locked();
}

void task_board::arm_sweep_locked() noexcept
{
    if (sweep_.armed || retained_.empty()) return;
    // A little late rather than twice: the kernel's coarse clock lags behind.
    constexpr auto slack = std::chrono::milliseconds(20);
    const steady_time ended_at = retained_.first()->ended_at_;
    if (retain_.age < deadline_never - ended_at - slack) sweep_.arm_locked(ended_at + retain_.age + slack);
}

std::vector<task_handle> task_board::tasks()
{
    released_tasks released(*this);
    std::vector<task_handle> listed;
    const mutex_guard lock(mutex_);
    settle_inbox_locked();
    prune_locked(coarse_now(), released);
    for (task_record* const known : table_.all()) listed.emplace_back(share(*known));
    return listed;
}

/// Some at a time, and no more than there were at first.
void task_board::settle_inbox_in_steps() noexcept
{
    constexpr int step = 256;
    for (std::uint64_t left = std::numeric_limits<std::uint64_t>::max(); !inbox_.empty() && left > 0;) {
        const mutex_guard lock(mutex_);
        left = std::min(left, admitted_.load(std::memory_order_relaxed) - settled_);
        for (int i = 0; i < step && left > 0; ++i, --left) {
            task_record* const posted = inbox_.pop();
            if (!posted) return;
            settle_locked(*posted);
            push_locked(*posted);
            queue_empty_.store(false, std::memory_order_seq_cst);
        }
    }
}

std::vector<std::uint64_t> task_board::pages_after(std::uint64_t id)
{
    settle_inbox_in_steps();
    released_tasks released(*this);
    const mutex_guard lock(mutex_);
    settle_inbox_locked(); // what has come meanwhile
    prune_locked(coarse_now(), released);
    return table_.pages_after(id);
}

void task_board::collect_page(std::uint64_t page, std::vector<intrusive_ptr<task_record>>& into)
{
    into.reserve(task_table::page_size);
    const mutex_guard lock(mutex_);
    table_.for_each_on_page(page, [&](task_record& known) { into.push_back(share(known)); });
}

void task_board::read_counters(metrics_snapshot& into)
{
    const mutex_guard lock(mutex_);
    counters_.read(into);
    into.tasks_posted = admitted_.load(std::memory_order_relaxed) - counters_.withdrawn;
    const std::uint64_t left = left_queue_.load(std::memory_order_relaxed);
    // One that is cancelled on its way to the workers ends before it is seen to leave.
    into.tasks_under_way = left - std::min(left, ended_);
    into.tasks_queued = into.tasks_posted + counters_.withdrawn - left;
    into.tasks_kept = retained_.size();
}

task_handle task_board::find(std::uint64_t id)
{
    released_tasks released(*this);
    const mutex_guard lock(mutex_);
    settle_inbox_locked();
    prune_locked(coarse_now(), released);
    task_record* const found = table_.find(id);
    return found ? task_handle(share(*found)) : task_handle();
}

void task_board::close(shutdown_mode mode) noexcept
{
    // What a stricter shutdown has closed stays so.
    admitted_tasks open = admitted_tasks::all;
    if (mode == shutdown_mode::cancel) open_for_.store(admitted_tasks::none, std::memory_order_seq_cst);
    else open_for_.compare_exchange_strong(open, admitted_tasks::parts, std::memory_order_seq_cst);
    for (;;) {
        {
            const mutex_guard lock(mutex_);
            settle_inbox_locked();
            if (settled_ == admitted_.load(std::memory_order_seq_cst)) return;
        }
        // Somebody stands between admit() and submit(), moving a body.
        std::this_thread::yield();
    }
}

bool task_board::all_ended_locked() const noexcept
{
    return open_for_.load(std::memory_order_relaxed) != admitted_tasks::all
        && ended_ == admitted_.load(std::memory_order_relaxed);
}

bool task_board::wait_until_all_ended(steady_time deadline)
{
    const mutex_guard lock(mutex_);
    const auto done = [this]() VMTASK_REQUIRES(mutex_) { return ended_ == admitted_.load(std::memory_order_relaxed); };
    if (deadline != deadline_never) return all_ended_.wait_until(mutex_, deadline, done);
    all_ended_.wait(mutex_, done);
    return true;
}

std::uint64_t task_board::clear() noexcept
{
    released_tasks released(*this);
    const mutex_guard lock(mutex_);
    while (!retained_.empty()) release_locked(*retained_.first(), released);
    return admitted_.load(std::memory_order_relaxed);
}

} // namespace vmtask::detail
