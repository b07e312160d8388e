// SPDX-License-Identifier: BSL-1.0
#include "tell/task_mirror.hpp"

namespace vmtask::detail {

void task_mirror::add(task_record& posted)
{
    tasks_.try_emplace(posted.id(), posted);
}

void task_mirror::remove(std::uint64_t id) noexcept
{
    const auto found = tasks_.find(id);
    if (found == tasks_.end()) return;
    set_state(found->second, task_state::cancelled);
    tasks_.erase(found);
}

void task_mirror::clear() noexcept
{
    tasks_.clear();
    first_running_ = nullptr;
    running_count_ = 0;
}

mirrored_task* task_mirror::find(std::uint64_t id) noexcept
{
    const auto found = tasks_.find(id);
    return found == tasks_.end() ? nullptr : &found->second;
}

void task_mirror::set_state(mirrored_task& changed, task_state state) noexcept
{
    const bool was_running = changed.state == task_state::running;
    changed.state = state;
    if (was_running && state != task_state::running) unlink_running(changed);
    if (!was_running && state == task_state::running) link_running(changed);
}

void task_mirror::link_running(mirrored_task& begun) noexcept
{
    begun.previous_running = nullptr;
    begun.next_running = first_running_;
    if (first_running_) first_running_->previous_running = &begun;
    first_running_ = &begun;
    ++running_count_;
}

void task_mirror::unlink_running(mirrored_task& stopped) noexcept
{
    (stopped.previous_running ? stopped.previous_running->next_running : first_running_) = stopped.next_running;
    if (stopped.next_running) stopped.next_running->previous_running = stopped.previous_running;
    --running_count_;
}

} // namespace vmtask::detail
