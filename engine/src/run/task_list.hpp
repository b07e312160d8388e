// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "record/task_record.hpp"

#include <atomic>
#include <cstddef>

namespace vmtask::detail {

/// Tasks in order of arrival, linked through themselves. A task is in one list
/// at a time.
///
/// Thread safety: none; the scheduler's lock guards it and the links.
class task_list {
public:
    [[nodiscard]] task_record* first() const noexcept { return first_; }
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    /// The one after this one in whichever list it is; null for the last.
    [[nodiscard]] static task_record* after(const task_record& listed) noexcept
    {
        return listed.next_.load(std::memory_order_relaxed);
    }

    /// The first for which `fits(task_record&)` is true; nullptr when there is none.
    template <class Predicate>
    [[nodiscard]] task_record* find_if(Predicate fits) const
    {
        for (task_record* each = first_; each; each = each->next_.load(std::memory_order_relaxed))
            if (fits(*each)) return each;
        return nullptr;
    }

    void push_back(task_record& added) noexcept
    {
        set_next(added, nullptr);
        added.previous_ = last_;
        if (last_) set_next(*last_, &added);
        else first_ = &added;
        last_ = &added;
        ++size_;
    }

    void remove(task_record& removed) noexcept
    {
        task_record* const next = removed.next_.load(std::memory_order_relaxed);
        if (removed.previous_) set_next(*removed.previous_, next);
        else first_ = next;
        (next ? next->previous_ : last_) = removed.previous_;
        --size_;
    }

    [[nodiscard]] task_record* pop_front() noexcept
    {
        task_record* const front = first_;
        if (front) remove(*front);
        return front;
    }

private:
    // Atomic for the intake's sake only.
    static void set_next(task_record& record, task_record* next) noexcept
    {
        record.next_.store(next, std::memory_order_relaxed);
    }

    task_record* first_ = nullptr;
    task_record* last_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace vmtask::detail
