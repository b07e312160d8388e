// SPDX-License-Identifier: BSL-1.0
#include "run/run_queue.hpp"

namespace vmtask::detail {

void run_queue::enqueue(task_record& ready) noexcept
{
    ready.in_run_queue_ = true;
    queue_.push(ready);
}

task_record* run_queue::pop_queued() noexcept
{
    task_record* const queued = queue_.pop();
    if (!queued) return nullptr;
    queued->in_run_queue_ = false;
    if (queue_.empty()) is_empty_.store(true, std::memory_order_seq_cst);
    return queued;
}

void run_queue::take_out(task_record& queued) noexcept
{
    queued.in_run_queue_ = false;
    queue_.remove(queued);
    if (queue_.empty()) is_empty_.store(true, std::memory_order_seq_cst);
}

void run_queue::set_priority(task_record& queued, task_priority priority) noexcept
{
    queue_.remove(queued);
    queued.priority_ = priority;
    queue_.push(queued);
}

} // namespace vmtask::detail
