// SPDX-License-Identifier: BSL-1.0

#include "task_list.hpp"

#include "guarded.hpp"

#include <algorithm>

namespace vmtask::c_api {

list_place::list_place(vmtask_task*** tasks, std::size_t* count) : tasks_(tasks), count_(count)
{
    if (tasks != nullptr) *tasks = nullptr;
    if (count != nullptr) *count = 0;
    if (tasks == nullptr && count == nullptr) return;
    require(tasks, "there is no place for the tasks");
    require(count, "there is no place for the number of tasks");
}

task_list::task_list(const std::vector<task_handle>& tasks) : array_(std::make_unique<vmtask_task*[]>(tasks.size()))
{
    owners_.reserve(tasks.size());
    for (const task_handle& task : tasks) owners_.push_back(make_handle(task));
}

void task_list::hand_out(const list_place& place) noexcept
{
    std::transform(owners_.begin(), owners_.end(), array_.get(), [](auto& task) { return task.release(); });
    *place.tasks_ = array_.release();
    *place.count_ = owners_.size();
}

owner<vmtask_task> make_handle(const task_handle& task)
{
    owner<vmtask_task> made(new vmtask_task);
    made->set(task);
    return made;
}

} // namespace vmtask::c_api

void vmtask_tasks_release(vmtask_task** tasks, size_t count)
{
    if (tasks == nullptr) return;
    std::for_each(tasks, tasks + count, vmtask_task_release);
    delete[] tasks;
}
