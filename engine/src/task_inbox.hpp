// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/task_record.hpp>

#include <atomic>

namespace vmtask::detail {

/// Where posted tasks wait to be put in order: any thread adds one without a
/// lock; whoever holds the task board's lock takes them all.
class task_inbox {
public:
    void add(task_record& added) noexcept
    {
        added.next_ = newest_.load(std::memory_order_relaxed);
        // Sequentially consistent, against the look at the idle workers that
        // follows; see worker_pool::notify.
        while (
            !newest_.compare_exchange_weak(added.next_, &added, std::memory_order_seq_cst, std::memory_order_relaxed)) {
        }
    }

    [[nodiscard]] bool empty() const noexcept { return newest_.load(std::memory_order_seq_cst) == nullptr; }

    /// Calls `visit(task_record&)` for each, oldest first, and forgets them.
    template <class Visit>
    void drain(Visit visit)
    {
        if (empty()) return;
        task_record* newest = newest_.exchange(nullptr, std::memory_order_acquire);
        task_record* oldest = nullptr;
        while (newest) {
            task_record* const next = newest->next_;
            newest->next_ = oldest;
            oldest = newest;
            newest = next;
        }
        while (oldest) {
            task_record* const next = oldest->next_;
            visit(*oldest);
            oldest = next;
        }
    }

private:
    alignas(64) std::atomic<task_record*> newest_{nullptr};
};

} // namespace vmtask::detail
