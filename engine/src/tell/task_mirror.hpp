// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "record/task_record.hpp"
#include "tell/progress_mark.hpp"

#include <vmtask/task_state.hpp>

#include <cstdint>
#include <unordered_map>

namespace vmtask::detail {

/// A task as the events told of so far have it.
struct mirrored_task {
    explicit mirrored_task(task_record& mirrored) noexcept : record(&mirrored) {}

    task_record* record; // valid as long as it is in the mirror
    task_state state = task_state::queued;
    bool cancel_requested = false;
    progress_mark mark{};
    mirrored_task* next_running = nullptr;
    mirrored_task* previous_running = nullptr;
};

/// All tasks that the engine lists, each as the events have it and not as it may
/// be by now: what a snapshot is made of, so that it fits the events after it.
///
/// Thread safety: none; the log's lock guards it.
class task_mirror {
public:
    /// Throws std::bad_alloc.
    void add(task_record& posted);
    void remove(std::uint64_t id) noexcept;
    void clear() noexcept;
    /// Nullptr when there is none.
    [[nodiscard]] mirrored_task* find(std::uint64_t id) noexcept;
    void set_state(mirrored_task& changed, task_state state) noexcept;

    [[nodiscard]] std::size_t size() const noexcept { return tasks_.size(); }
    template <class Function>
    void for_each(Function function) const
    {
        for (const auto& [id, task] : tasks_) function(task);
    }
    [[nodiscard]] bool has_running() const noexcept { return first_running_ != nullptr; }
    [[nodiscard]] std::size_t running_count() const noexcept { return running_count_; }
    template <class Function>
    void for_each_running(Function function) const
    {
        for (const mirrored_task* task = first_running_; task; task = task->next_running) function(*task);
    }

private:
    void link_running(mirrored_task& begun) noexcept;
    void unlink_running(mirrored_task& stopped) noexcept;

    std::unordered_map<std::uint64_t, mirrored_task> tasks_;
    mirrored_task* first_running_ = nullptr;
    std::size_t running_count_ = 0;
};

} // namespace vmtask::detail
