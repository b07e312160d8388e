// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "handles.hpp"

#include <vmtask/task_handle.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace vmtask::c_api {

/// Where a list of tasks is to go: both places or none. Empty from now on if the
/// list does not get there.
class list_place {
public:
    /// Throws refusal when there is only one of the two.
    list_place(vmtask_task*** tasks, std::size_t* count);
    [[nodiscard]] bool is_there() const noexcept { return tasks_ != nullptr; }

private:
    friend class task_list;

    vmtask_task*** tasks_;
    std::size_t* count_;
};

/// Handles that become the caller's at one stroke, when all else has been done.
class task_list {
public:
    explicit task_list(const std::vector<task_handle>& tasks);
    void hand_out(const list_place& place) noexcept;

private:
    std::vector<owner<vmtask_task>> owners_;
    std::unique_ptr<vmtask_task*[]> array_;
};

/// A handle of its own to that task.
[[nodiscard]] owner<vmtask_task> make_handle(const task_handle& task);

} // namespace vmtask::c_api
