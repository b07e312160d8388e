// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/deadline_entry.hpp"
#include "gate/journalled_end.hpp"
#include "gate/lane_table.hpp"
#include "gate/limit_watch.hpp"
#include "gate/lock_manager.hpp"
#include "record/task_record.hpp"
#include "record/waiter.hpp"
#include "tell/task_names.hpp"

#include <vmtask/detail/block_memory.hpp>
#include <vmtask/detail/intrusive_ptr.hpp>
#include <vmtask/retry_policy.hpp>
#include <vmtask/task_options.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace vmtask::detail {

class waiting_room;

/// What a queued task waits for, in the order in which it does.
enum class room_stage : std::uint8_t {
    outside,      ///< Not posted yet, or done with the room.
    predecessors, ///< Tasks that it is to begin after.
    start_time,   ///< The time before which it is not to begin.
    claims,       ///< What it claims.
    lane,         ///< A place in its lane.
    delay,        ///< The time until the next attempt.
    passed,       ///< Nothing more: its begin is up to the workers, or has been.
    withdrawn,    ///< Nothing more: it will not begin, or not again.
};

/// The attempts of a task that have failed.
struct attempts_made {
    int failed = 0;
    steady_time first_began_at{}; // of the first of them
};

/// A task's wait for another one to end before it begins.
class predecessor final : public waiter {
public:
    predecessor(task_record& dependant, const task_handle& handle) noexcept;

    void complete(wait_outcome outcome) noexcept override;

    /// Under the room's lock. Null once it does not matter any more.
    [[nodiscard]] task_record* task_locked() const noexcept { return is_over_ ? nullptr : task_.get(); }

private:
    friend class waiting_room;

    task_record& dependant_; // referenced while the wait is listed
    // Let go of when it has ended, or nobody waits for it any more: else a long
    // line of tasks would hold itself, and go in as long a line of calls.
    intrusive_ptr<task_record> task_;
    bool is_over_ = false;      // guarded by the room's lock; task_ may be gone then
    bool is_withdrawn_ = false; // task_ is to go with the room's release()
};

/// The time until a task may begin, for the first time or anew.
class begin_delay final : public deadline_entry {
public:
    explicit begin_delay(task_record& task) noexcept : deadline_entry(deadline_never), task_(task) {}
    using deadline_entry::set_deadline;

private:
    bool claim_expiry() noexcept override;
    void expire() noexcept override;

    task_record& task_; // referenced from claim_expiry() to expire()
};

/// A task that is to be begun anew when it fails.
struct repetition {
    repetition(task_record& task, retry_policy&& how) noexcept : policy(std::move(how)), delay(task) {}

    const retry_policy policy;
    begin_delay delay;
    attempts_made made;
};

/// Asks a task to cancel when the caller's stop token says so.
class cancel_on_stop {
public:
    explicit cancel_on_stop(task_record& task) noexcept : task_(task) {}
    void operator()() const noexcept;

private:
    task_record& task_;
};

/// The poster's stop token, and what it is told by once the task is in.
struct stop_by_poster {
    const std::stop_token token;
    std::optional<std::stop_callback<cancel_on_stop>> callback{};
};

/// On which terms a task was posted, if on any: what it waits for before it may
/// begin, what it holds, and what it is a part of. What few tasks say is apart,
/// so that the others need not pay for it.
///
/// Guarded by the waiting room's lock, but for what is constant.
struct task_terms {
    task_terms(task_record& task, task_options&& options);
    ~task_terms();
    task_terms(const task_terms&) = delete;
    task_terms& operator=(const task_terms&) = delete;
    // As tasks themselves.
    static void* operator new(std::size_t size) { return allocate_block(size); }
    static void operator delete(void* terms, std::size_t size) noexcept { free_block(terms, size); }

    [[nodiscard]] const task_names& names() const noexcept;

    // What each release looks at comes first: lock_manager has it fetched.
    claim_set claims;
    room_stage stage = room_stage::outside;
    const vmtask::when_busy when_busy;         // constant
    const vmtask::after_failure after_failure; // constant
    std::exception_ptr failure;                // it is to end so, unbegun
    task_record& task;
    task_terms* next_moved = nullptr;   // see moved_tasks
    task_terms* next_checked = nullptr; // see moved_tasks
    bool is_to_be_checked = false;      // is in such a list
    bool is_being_posted = false;       // may be refused yet: not to be launched
    lane_place place;
    std::vector<std::unique_ptr<predecessor>> predecessors;
    std::size_t predecessors_left = 0;
    intrusive_ptr<task_record> parent; // constant from the post to the end

    const std::unique_ptr<journalled_end> journalled;      // null: the task is not
    const std::unique_ptr<const task_names> names_or_null; // constant
    // Null for those who did not ask for it.
    const std::unique_ptr<limit_watch> limits; // guarded by the task's lock
    const std::unique_ptr<repetition> retry;
    std::unique_ptr<begin_delay> start_time; // until that has come
    const std::unique_ptr<stop_by_poster> stop;

    std::unique_ptr<task_extras> extras; // see task_annex; guarded by the task's lock

    // The parts of the parent, guarded by the parent's lock.
    task_record* next_part = nullptr;
    task_record* previous_part = nullptr;

    task_terms* next_cancelled = nullptr; // of whoever was the first to ask this task to stop
};

} // namespace vmtask::detail
