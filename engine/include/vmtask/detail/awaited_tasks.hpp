// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/intrusive_ptr.hpp>
#include <vmtask/detail/task_record.hpp>
#include <vmtask/task_handle.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <ranges>
#include <span>
#include <type_traits>
#include <vector>

namespace vmtask::detail {

/// A handle, whatever the type of its task's result.
template <class T>
concept handle_type = std::derived_from<std::remove_cvref_t<T>, task_handle>;

/// A range of handles.
template <class T>
concept handle_range = std::ranges::input_range<T> && handle_type<std::ranges::range_reference_t<T>>;

/// The tasks that one wait is for. Copies share one list, which keeps the tasks
/// as a handle does.
class awaited_tasks {
public:
    awaited_tasks() : list_(std::make_shared<list>()) {}

    template <handle_range Handles>
    [[nodiscard]] static awaited_tasks of_range(Handles&& handles)
    {
        awaited_tasks tasks;
        for (const task_handle& handle : handles) tasks.add(handle);
        return tasks;
    }

    template <handle_type... Handles>
    [[nodiscard]] static awaited_tasks of(const Handles&... handles)
    {
        awaited_tasks tasks;
        (tasks.add(handles), ...);
        return tasks;
    }

    /// In the order of the handles; null where a handle was empty.
    [[nodiscard]] std::span<task_record* const> records() const noexcept { return list_->records; }

    /// True when one of the handles was empty.
    [[nodiscard]] bool lack_a_task() const noexcept { return std::ranges::count(records(), nullptr) != 0; }

private:
    void add(const task_handle& handle);

    struct list {
        list() = default;
        list(const list&) = delete;
        list& operator=(const list&) = delete;
        ~list();

        std::vector<task_record*> records; // each is a counted reference
    };

    std::shared_ptr<list> list_;
};

} // namespace vmtask::detail
