// SPDX-License-Identifier: BSL-1.0
#include "tell/event_log.hpp"

#include "tell/describe_task.hpp"
#include "time/timer_loop.hpp"

#include <vmtask/error.hpp>

#include <asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <new>

namespace vmtask::detail {
namespace {

/// Higher than all versions of an engine that was there before: no engine makes
/// a million events a second all its life.
std::uint64_t first_version() noexcept
{
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

task_state state_after(task_event_kind kind, task_state before, task_state ended_as) noexcept
{
    switch (kind) {
    case task_event_kind::began:
    case task_event_kind::resumed: return task_state::running;
    case task_event_kind::paused: return task_state::paused;
    case task_event_kind::attempt_failed: return task_state::queued;
    case task_event_kind::ended: return ended_as;
    case task_event_kind::posted:
    case task_event_kind::cancel_requested:
    case task_event_kind::progressed:
    case task_event_kind::removed: break;
    }
    return before;
}

} // namespace

void woken_readers::tell() noexcept
{
    while (pending_read* const told = first_) {
        first_ = told->next_;
        told->complete({});
    }
}

void woken_readers::join(woken_readers&& others) noexcept
{
    pending_read** end = &first_;
    while (*end) end = &(*end)->next_;
    *end = std::exchange(others.first_, nullptr);
}

event_log::event_log(const event_options& options, engine_core& core, timer_loop& timers, loop_executor loop)
    : is_on_(options.kept > 0),
      ring_(options.kept),
      first_(first_version()),
      last_(first_ - 1),
      sampler_(core, *this, timers, loop, options.progress_interval)
{
}

// --- What happens ---

woken_readers event_log::log_post(task_record& posted)
{
    woken_readers woken;
    event_pointer made = std::make_shared<kept_event>();
    made->task = summary_of(posted, task_state::queued);
    made->ancestors = ancestors_of(posted);
    const mutex_guard lock(mutex_);
    mirror_.add(posted);
    append_locked(made, woken);
    return woken;
}

woken_readers event_log::log_change(task_record& changed, task_event_kind kind, std::error_code error) noexcept
{
    woken_readers woken;
    event_pointer made = make_event(changed, kind, error);
    const mutex_guard lock(mutex_);
    mirrored_task* const task = mirror_.find(changed.id());
    if (!task) return woken;
    const task_state before = task->state;
    if (!apply_locked(*task, kind, changed.state())) return woken;
    if (made) {
        made->before = before;
        made->task.state = task->state;
        made->task.cancel_requested = task->cancel_requested;
        keep_progress_behind(made->task);
    }
    append_locked(made, woken);
    rouse_sampler_locked();
    return woken;
}

woken_readers event_log::log_removal(std::uint64_t id) noexcept
{
    woken_readers woken;
    event_pointer made;
    const mutex_guard lock(mutex_);
    const mirrored_task* const removed = mirror_.find(id);
    if (!removed) return woken;
    try {
        made = std::make_shared<kept_event>();
        made->kind = task_event_kind::removed;
        identify(made->task, *removed->record);
        made->ancestors = ancestors_of(*removed->record);
        made->task.state = made->before = removed->state;
    } catch (const std::bad_alloc&) {
        made.reset();
    }
    mirror_.remove(id);
    append_locked(made, woken);
    return woken;
}

void event_log::close() noexcept
{
    woken_readers woken;
    const mutex_guard lock(mutex_);
    closed_ = true;
    mirror_.clear();
    wake_all_locked(woken);
}

event_log::event_pointer event_log::make_event(task_record& changed, task_event_kind kind,
                                               std::error_code error) noexcept
{
    try {
        auto made = std::make_shared<kept_event>();
        made->kind = kind;
        made->task = summary_of(changed, changed.state());
        made->ancestors = ancestors_of(changed);
        made->error = error;
        if (kind == task_event_kind::ended) made->outcome = changed.outcome_now();
        return made;
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

bool event_log::apply_locked(mirrored_task& task, task_event_kind kind, task_state now) noexcept
{
    if (is_terminal(task.state)) return false;
    if (kind == task_event_kind::cancel_requested) return !std::exchange(task.cancel_requested, true);
    if (kind == task_event_kind::progressed) return task.state == task_state::running;
    const task_state next = state_after(kind, task.state, now);
    if (next == task.state) return false;
    mirror_.set_state(task, next);
    return true;
}

void event_log::append_locked(event_pointer& added, woken_readers& woken) noexcept
{
    ++last_;
    if (added) {
        added->version = last_;
        std::swap(ring_[last_ % ring_.size()], added);
        if (last_ - first_ >= ring_.size()) first_ = last_ - ring_.size() + 1;
        wake_for_locked(*ring_[last_ % ring_.size()], woken);
    } else {
        first_ = last_ + 1;
        wake_all_locked(woken);
    }
}

void event_log::wake_all_locked(woken_readers& woken) noexcept
{
    while (first_waiting_) wake_locked(*first_waiting_, woken);
}

/// Whoever waits has read, or skipped, all that came before.
void event_log::wake_for_locked(const kept_event& latest, woken_readers& woken) noexcept
{
    for (event_reader* waiting = first_waiting_; waiting;) {
        event_reader& reader = *std::exchange(waiting, waiting->next_);
        if (!reader.filter_ || reader.filter_->wants(latest)) wake_locked(reader, woken);
        else reader.position_ = last_;
    }
}

void event_log::wake_locked(event_reader& reader, woken_readers& woken) noexcept
{
    pending_read* const told = unlist_locked(reader);
    told->next_ = woken.first_;
    woken.first_ = told;
}

// --- Samples of progress ---

void event_log::rouse_sampler_locked() noexcept
{
    if (!closed_ && readers_ > 0 && mirror_.has_running()) sampler_.wake_locked();
}

std::vector<event_log::running_task> event_log::running_tasks() const
{
    std::vector<running_task> running;
    const mutex_guard lock(mutex_);
    running.reserve(mirror_.running_count());
    mirror_.for_each_running([&](const mirrored_task& task) { running.push_back({share(*task.record), task.mark}); });
    return running;
}

void event_log::note_progress(task_record& running, const progress_mark& before)
{
    const progress_mark mark = running.mark_of_progress();
    if (mark == before) return;
    woken_readers woken;
    auto made = std::make_shared<kept_event>();
    made->kind = task_event_kind::progressed;
    made->before = task_state::running;
    made->task = summary_of(running, task_state::running);
    made->ancestors = ancestors_of(running);
    const mutex_guard lock(mutex_);
    mirrored_task* const task = mirror_.find(running.id());
    if (!task || !apply_locked(*task, task_event_kind::progressed, task->state)) return;
    task->mark = mark;
    made->task.cancel_requested = task->cancel_requested;
    append_locked(made, woken);
}

void event_log::sampled() noexcept
{
    const mutex_guard lock(mutex_);
    sampler_.sleep_locked();
    rouse_sampler_locked();
}

// --- Readers ---

void event_log::add_reader() noexcept
{
    const mutex_guard lock(mutex_);
    ++readers_;
    rouse_sampler_locked();
}

void event_log::remove_reader() noexcept
{
    const mutex_guard lock(mutex_);
    --readers_;
}

bool event_log::is_lost_locked(std::uint64_t position) const noexcept
{
    return position + 1 < first_ || position > last_;
}

bool event_log::has_something_locked(const event_reader& reader) const noexcept
{
    return reader.first_ || reader.position_ != last_;
}

/// A few at a time, so that nobody waits long for the lock.
bool event_log::skip_some_locked(event_reader& reader) const noexcept
{
    constexpr std::uint64_t most = 256;
    if (!reader.filter_ || reader.first_ || is_lost_locked(reader.position_)) return false;
    const std::uint64_t until = std::min(last_, reader.position_ + most);
    for (; reader.position_ < until; ++reader.position_)
        if (reader.filter_->wants(*ring_[(reader.position_ + 1) % ring_.size()])) return false;
    return reader.position_ < last_;
}

std::error_code event_log::end_of_reading_locked(const event_reader& reader) const noexcept
{
    if (reader.closed_) return asio::error::operation_aborted;
    if (!closed_ || reader.first_) return {};
    return is_lost_locked(reader.position_) || !has_something_locked(reader) ? errc::shutting_down : std::error_code();
}

std::uint64_t event_log::next_ticket(event_reader& reader) noexcept
{
    const mutex_guard lock(mutex_);
    return ++reader.last_ticket_;
}

std::optional<std::error_code> event_log::begin(event_reader& reader, pending_read& read, std::uint64_t ticket) noexcept
{
    for (;;) {
        const mutex_guard lock(mutex_);
        if (reader.pending_) return asio::error::already_started;
        if (skip_some_locked(reader)) continue;
        if (reader.closed_ || closed_ || has_something_locked(reader)) return std::error_code();
        reader.pending_ = &read;
        reader.ticket_ = ticket;
        list_locked(reader);
        return std::nullopt;
    }
}

event_batch event_log::take(event_reader& reader, std::error_code& error)
{
    std::uint64_t position = 0;
    for (bool is_at_it = false; !is_at_it;) {
        const mutex_guard lock(mutex_);
        is_at_it = !skip_some_locked(reader);
        if (!is_at_it) continue;
        error = end_of_reading_locked(reader);
        if (error) return {};
        if (reader.first_) return *std::exchange(reader.first_, std::nullopt);
        position = reader.position_;
    }
    event_batch batch = read_events(position, reader.filter_.get());
    if (batch.events.empty()) {
        batch = take_snapshot(reader.filter_.get());
        batch.lost = true;
    }
    const mutex_guard lock(mutex_);
    if (batch.lost && closed_) {
        error = errc::shutting_down; // there may have been nothing left to list
        return {};
    }
    reader.position_ = batch.version;
    return batch;
}

event_batch event_log::read_events(std::uint64_t position, const event_filter* filter) const
{
    std::vector<event_pointer> events;
    {
        const mutex_guard lock(mutex_);
        if (!is_lost_locked(position)) events = events_after_locked(position, filter);
    }
    event_batch batch;
    batch.version = position;
    batch.events.reserve(events.size());
    for (const auto& each : events) batch.events.push_back(*each);
    return batch;
}

event_batch event_log::take_snapshot(const event_filter* filter) const
{
    event_batch batch;
    std::vector<snapshot_entry> tasks;
    {
        const mutex_guard lock(mutex_);
        tasks = tasks_locked();
        batch.version = last_;
    }
    batch.snapshot.emplace();
    if (!filter) batch.snapshot->reserve(tasks.size());
    for (const auto& each : tasks) {
        task_summary told = summary_of(*each.record, each.state);
        if (filter && !filter->wants(told, ancestors_of(*each.record))) continue;
        told.cancel_requested = each.cancel_requested;
        add_obstacle(told, *each.record);
        batch.snapshot->push_back(std::move(told));
    }
    return batch;
}

std::vector<event_log::snapshot_entry> event_log::tasks_locked() const
{
    std::vector<snapshot_entry> tasks;
    tasks.reserve(mirror_.size());
    mirror_.for_each([&](const mirrored_task& task) {
        tasks.push_back({share(*task.record), task.state, task.cancel_requested});
    });
    std::sort(tasks.begin(), tasks.end(),
              [](const auto& left, const auto& right) { return left.record->id() < right.record->id(); });
    return tasks;
}

std::vector<event_log::event_pointer> event_log::events_after_locked(std::uint64_t& version,
                                                                     const event_filter* filter) const
{
    constexpr std::uint64_t most = 256; // to look at
    const std::uint64_t until = std::min(last_, version + most);
    std::vector<event_pointer> events;
    events.reserve(until - version);
    while (version < until) {
        const event_pointer& next = ring_[++version % ring_.size()];
        if (!filter || filter->wants(*next)) events.push_back(next);
    }
    return events;
}

void event_log::give_up(event_reader& reader, std::optional<std::uint64_t> ticket) noexcept
{
    pending_read* given_up = nullptr;
    {
        const mutex_guard lock(mutex_);
        if (!ticket) reader.closed_ = true;
        const bool is_meant = reader.pending_ && (!ticket || *ticket == reader.ticket_);
        if (is_meant) given_up = unlist_locked(reader);
    }
    if (given_up) given_up->complete(asio::error::operation_aborted);
}

bool event_log::withdraw(event_reader& reader, std::uint64_t ticket) noexcept
{
    const mutex_guard lock(mutex_);
    if (!reader.pending_ || reader.ticket_ != ticket) return false;
    (void)unlist_locked(reader);
    return true;
}

void event_log::list_locked(event_reader& waiting) noexcept
{
    waiting.previous_ = nullptr;
    waiting.next_ = first_waiting_;
    if (first_waiting_) first_waiting_->previous_ = &waiting;
    first_waiting_ = &waiting;
}

pending_read* event_log::unlist_locked(event_reader& told) noexcept
{
    (told.previous_ ? told.previous_->next_ : first_waiting_) = told.next_;
    if (told.next_) told.next_->previous_ = told.previous_;
    return std::exchange(told.pending_, nullptr);
}

} // namespace vmtask::detail
