// SPDX-License-Identifier: BSL-1.0
#include "run/priority_queue.hpp"

namespace vmtask::detail {

task_list& priority_queue::list_of(const task_record& queued) noexcept
{
    return lists_[static_cast<std::size_t>(queued.priority())];
}

void priority_queue::push(task_record& added) noexcept
{
    list_of(added).push_back(added);
    ++size_;
}

void priority_queue::remove(task_record& removed) noexcept
{
    list_of(removed).remove(removed);
    --size_;
}

/// Both are the oldest of their priorities, `left` of the higher one.
bool priority_queue::comes_before(const task_record& left, const task_record& right) const noexcept
{
    const int steps_down = static_cast<int>(right.priority()) - static_cast<int>(left.priority());
    // Compared by difference: no sum can overflow that way.
    return (left.ready_since() - right.ready_since()) / steps_down < aging_;
}

/// Of the oldest of each priority, the one whose turn it is; null when there are
/// none.
task_record** priority_queue::earliest_of(std::array<task_record*, 3>& heads) const noexcept
{
    task_record** next = nullptr;
    for (task_record*& oldest : heads)
        if (oldest && (!next || !comes_before(**next, *oldest))) next = &oldest;
    return next;
}

task_record* priority_queue::pop() noexcept
{
    std::array<task_record*, 3> heads{lists_[0].first(), lists_[1].first(), lists_[2].first()};
    task_record** const next = earliest_of(heads);
    if (!next) return nullptr;
    remove(**next);
    return *next;
}

} // namespace vmtask::detail
