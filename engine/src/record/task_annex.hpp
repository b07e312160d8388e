// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "record/progress_history.hpp"

#include "record/waiter.hpp"
#include <vmtask/task_state.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace vmtask::detail {

class pause_watch;
class task_record;
struct task_terms;

/// What many tasks never need: made with the task if it has a description, else when
/// first needed. The task's lock guards it.
struct task_extras {
    std::string description; // constant
    std::string unit;
    std::string step;
    std::unique_ptr<progress_history> history; // made for the first who asks
    std::uint64_t steps = 0;                   // said so far
    std::stop_source stop{std::nostopstate};
    std::vector<std::string> warnings;
    std::size_t warnings_dropped = 0;
    std::string cancel_requested_by;

    std::size_t holds = 0; // pauses that were not resumed
    waiter_list paused;    // bodies that stay in a checkpoint
    std::vector<pause_watch*> pause_watches;

    // Other tasks that are parts of this one, and what it ends as after them.
    task_record* first_part = nullptr;
    task_record* last_part = nullptr;
    std::size_t parts = 0;
    task_state end_after_parts = task_state::queued; // queued: its body goes on
    bool part_cancelled = false;
};

/// What not every task has, its terms and its extras, behind one pointer: that of the
/// terms, which have the extras then, or of the extras alone.
///
/// Thread safety: terms() from any thread; the rest under the task's lock.
class task_annex {
public:
    task_annex() noexcept = default;
    ~task_annex();
    task_annex(const task_annex&) = delete;
    task_annex& operator=(const task_annex&) = delete;

    /// Before anybody else knows the task. Null for what there is not.
    void begin(std::unique_ptr<task_terms> terms, std::unique_ptr<task_extras> extras) noexcept;

    /// Constant since then.
    [[nodiscard]] task_terms* terms() const noexcept
    {
        const std::uintptr_t word = word_.load(std::memory_order_acquire);
        return (word & is_extras) == 0 ? reinterpret_cast<task_terms*>(word) : nullptr;
    }
    [[nodiscard]] task_extras* extras_locked() const noexcept;
    /// Throws std::bad_alloc.
    [[nodiscard]] task_extras& make_extras_locked();

private:
    static constexpr std::uintptr_t is_extras = 1;

    std::atomic<std::uintptr_t> word_{0};
};

} // namespace vmtask::detail
