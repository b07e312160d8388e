// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "run/task_list.hpp"

#include <vmtask/task_priority.hpp>

#include <array>
#include <chrono>
#include <cstddef>

namespace vmtask::detail {

/// Queued tasks by priority, in order of their coming within each.
///
/// A task of a lower priority counts as if it had come later, by `aging` for
/// each step down; the earliest by that count is the next. So the higher ones
/// come first, but none waits for ever, and nothing has to be moved as time
/// goes by.
///
/// Thread safety: none; whoever owns it guards it.
class priority_queue {
public:
    explicit priority_queue(std::chrono::steady_clock::duration aging) noexcept : aging_(aging) {}

    void push(task_record& added) noexcept;
    void remove(task_record& removed) noexcept;
    /// The next one; nullptr when there is none.
    [[nodiscard]] task_record* pop() noexcept;

    /// The first of the highest priority for which `fits(task_record&)` is true;
    /// nullptr when there is none.
    template <class Predicate>
    [[nodiscard]] task_record* find_if(Predicate fits) const
    {
        for (const task_list& list : lists_)
            if (task_record* const found = list.find_if(fits)) return found;
        return nullptr;
    }

    /// Calls `visit(task_record&)` for each, in the order in which pop() would
    /// return them.
    template <class Visit>
    void for_each_in_order(Visit visit) const
    {
        std::array<task_record*, 3> heads{lists_[0].first(), lists_[1].first(), lists_[2].first()};
        while (task_record** const next = earliest_of(heads)) {
            task_record& visited = **next;
            *next = task_list::after(visited);
            visit(visited);
        }
    }

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    /// True when all there are have the priority that most tasks have.
    [[nodiscard]] bool has_only_normal() const noexcept
    {
        return size_ == lists_[static_cast<std::size_t>(task_priority::normal)].size();
    }

private:
    [[nodiscard]] task_list& list_of(const task_record& queued) noexcept;
    [[nodiscard]] task_record** earliest_of(std::array<task_record*, 3>& heads) const noexcept;
    [[nodiscard]] bool comes_before(const task_record& left, const task_record& right) const noexcept;

    std::array<task_list, 3> lists_;
    std::size_t size_ = 0;
    const std::chrono::steady_clock::duration aging_;
};

} // namespace vmtask::detail
