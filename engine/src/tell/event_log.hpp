// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/ranked_mutex.hpp"
#include "tell/event_filter.hpp"
#include "tell/event_reader.hpp"
#include "tell/progress_sampler.hpp"
#include "tell/task_mirror.hpp"

#include <vmtask/detail/engine_access.hpp>
#include <vmtask/engine_options.hpp>
#include <vmtask/task_event.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace vmtask::detail {

class timer_loop;

/// Readers for whom there is something to read now. They are told when this
/// goes, which runs code of their executors: never under a lock.
class woken_readers {
public:
    woken_readers() noexcept = default;
    woken_readers(woken_readers&& other) noexcept : first_(std::exchange(other.first_, nullptr)) {}
    woken_readers& operator=(woken_readers&&) = delete;
    ~woken_readers()
    {
        if (first_) tell();
    }

    /// Takes those of the other.
    void add(woken_readers&& others) noexcept
    {
        if (others.first_) join(std::move(others));
    }

private:
    friend class event_log;

    void tell() noexcept;
    void join(woken_readers&& others) noexcept;

    pending_read* first_ = nullptr;
};

/// What has happened to the tasks of an engine, the last of it: a ring of events
/// by version, and the tasks as these have them.
///
/// Thread safety: all members. The log's lock is a last one: nothing else is
/// locked under it but the timer loop.
class event_log {
public:
    event_log(const event_options& options, engine_core& core, timer_loop& timers, loop_executor loop);

    /// False when nobody wanted events; then nothing else here does anything.
    [[nodiscard]] bool is_on() const noexcept { return is_on_; }

    /// A task is about to be posted. Throws std::bad_alloc; then it is not known.
    [[nodiscard]] woken_readers add(task_record& posted) { return is_on() ? log_post(posted) : woken_readers(); }
    /// Something has happened to a task, told in the order in which it happened.
    [[nodiscard]] woken_readers note(task_record& changed, task_event_kind kind, std::error_code error = {}) noexcept
    {
        return is_on() ? log_change(changed, kind, error) : woken_readers();
    }
    /// The task is about to be let go of.
    [[nodiscard]] woken_readers remove(std::uint64_t id) noexcept
    {
        return is_on() ? log_removal(id) : woken_readers();
    }
    /// All tasks have ended, and nothing happens any more.
    void close() noexcept;

    // For the sampler.
    struct running_task {
        intrusive_ptr<task_record> record;
        progress_mark mark; // where it was when it was told of last
    };
    [[nodiscard]] std::vector<running_task> running_tasks() const;
    /// Tells how far the task is, if that is not where it was.
    void note_progress(task_record& running, const progress_mark& before);
    void sampled() noexcept;

    // For readers; see event_reader.
    /// Of those tasks that the filter wants; null wants all.
    [[nodiscard]] event_batch take_snapshot(const event_filter* filter) const;
    void add_reader() noexcept;
    void remove_reader() noexcept;
    [[nodiscard]] std::optional<std::error_code> begin(event_reader& reader, pending_read& read,
                                                       std::uint64_t ticket) noexcept;
    [[nodiscard]] event_batch take(event_reader& reader, std::error_code& error);
    [[nodiscard]] std::uint64_t next_ticket(event_reader& reader) noexcept;
    void give_up(event_reader& reader, std::optional<std::uint64_t> ticket) noexcept;
    [[nodiscard]] bool withdraw(event_reader& reader, std::uint64_t ticket) noexcept;

private:
    using event_pointer = std::shared_ptr<kept_event>;
    struct snapshot_entry {
        intrusive_ptr<task_record> record;
        task_state state;
        bool cancel_requested;
    };

    [[nodiscard]] woken_readers log_post(task_record& posted);
    [[nodiscard]] woken_readers log_change(task_record& changed, task_event_kind kind, std::error_code error) noexcept;
    [[nodiscard]] woken_readers log_removal(std::uint64_t id) noexcept;
    [[nodiscard]] event_pointer make_event(task_record& changed, task_event_kind kind, std::error_code error) noexcept;
    /// False when the task is in that state already, or has ended.
    [[nodiscard]] bool apply_locked(mirrored_task& task, task_event_kind kind, task_state now) noexcept
        VMTASK_REQUIRES(mutex_);
    /// `added` is the event that falls off then, to be dropped after the lock, or
    /// null for one that there was no memory for: then all before are lost.
    void append_locked(event_pointer& added, woken_readers& woken) noexcept VMTASK_REQUIRES(mutex_);
    void wake_all_locked(woken_readers& woken) noexcept VMTASK_REQUIRES(mutex_);
    /// Those who do not want the latest event have it behind them.
    void wake_for_locked(const kept_event& latest, woken_readers& woken) noexcept VMTASK_REQUIRES(mutex_);
    void wake_locked(event_reader& reader, woken_readers& woken) noexcept VMTASK_REQUIRES(mutex_);
    void rouse_sampler_locked() noexcept VMTASK_REQUIRES(mutex_);

    /// The events after that version are not all there, or never were.
    [[nodiscard]] bool is_lost_locked(std::uint64_t position) const noexcept VMTASK_REQUIRES(mutex_);
    [[nodiscard]] bool has_something_locked(const event_reader& reader) const noexcept VMTASK_REQUIRES(mutex_);
    /// Gets a reader past the next few events if it does not want them. False when
    /// it is at the end, or at one that it wants.
    [[nodiscard]] bool skip_some_locked(event_reader& reader) const noexcept VMTASK_REQUIRES(mutex_);
    [[nodiscard]] std::error_code end_of_reading_locked(const event_reader& reader) const noexcept
        VMTASK_REQUIRES(mutex_);
    void list_locked(event_reader& waiting) noexcept VMTASK_REQUIRES(mutex_);
    [[nodiscard]] pending_read* unlist_locked(event_reader& told) noexcept VMTASK_REQUIRES(mutex_);
    /// Nothing when they are lost, or not there yet.
    [[nodiscard]] event_batch read_events(std::uint64_t position, const event_filter* filter) const;
    [[nodiscard]] std::vector<snapshot_entry> tasks_locked() const VMTASK_REQUIRES(mutex_);
    /// Moves the version to the last event that it has looked at.
    [[nodiscard]] std::vector<event_pointer> events_after_locked(std::uint64_t& version,
                                                                 const event_filter* filter) const
        VMTASK_REQUIRES(mutex_);

    const bool is_on_;

    mutable ranked_mutex<lock_rank::event_log, std::mutex> mutex_;
    std::vector<event_pointer> ring_ VMTASK_GUARDED_BY(mutex_); // constant size; event v is at v % size
    std::uint64_t first_ VMTASK_GUARDED_BY(mutex_);             // the oldest version that the ring has
    std::uint64_t last_ VMTASK_GUARDED_BY(mutex_);              // the newest; less than first_ when there is none
    task_mirror mirror_ VMTASK_GUARDED_BY(mutex_);
    event_reader* first_waiting_ VMTASK_GUARDED_BY(mutex_) = nullptr;
    std::size_t readers_ VMTASK_GUARDED_BY(mutex_) = 0;
    bool closed_ VMTASK_GUARDED_BY(mutex_) = false;
    progress_sampler sampler_ VMTASK_GUARDED_BY(mutex_);
};

} // namespace vmtask::detail
