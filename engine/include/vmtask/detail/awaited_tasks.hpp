// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/deadline.hpp>
#include <vmtask/detail/intrusive_ptr.hpp>
#include <vmtask/detail/task_record.hpp>
#include <vmtask/task_handle.hpp>
#include <vmtask/wait_status.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace vmtask::detail {

/// A handle, whatever the type of its task's result.
template <class T>
concept handle_type = std::derived_from<std::remove_cvref_t<T>, task_handle>;

/// A range of handles; without <ranges>, which is long to read.
template <class T>
concept handle_range = requires(T& range)
{
    {
        *std::ranges::begin(range)
        } -> handle_type;
    std::ranges::end(range);
};

/// For which ends a wait for several tasks is.
enum class wait_kind : std::uint8_t { all, any };

/// The index of no task.
inline constexpr std::size_t no_index = static_cast<std::size_t>(-1);

/// The tasks that one wait is for. Copies share one list, which keeps the tasks
/// as a handle does.
class awaited_tasks {
public:
    /// No tasks.
    awaited_tasks() noexcept = default;

    template <handle_range Handles>
    [[nodiscard]] static awaited_tasks of_range(Handles&& handles)
    {
        awaited_tasks tasks(std::make_shared<list>());
        for (const task_handle& handle : handles) tasks.add(handle);
        return tasks;
    }

    template <handle_type... Handles>
    [[nodiscard]] static awaited_tasks of(const Handles&... handles)
    {
        awaited_tasks tasks(std::make_shared<list>());
        (tasks.add(handles), ...);
        return tasks;
    }

    /// In the order of the handles; null where a handle was empty.
    [[nodiscard]] std::span<task_record* const> records() const noexcept
    {
        if (!list_) return {};
        return list_->records;
    }

    /// True when one of the handles was empty.
    [[nodiscard]] bool lack_a_task() const noexcept
    {
        for (const task_record* const each : records())
            if (!each) return true;
        return false;
    }

private:
    void add(const task_handle& handle);

    struct list {
        list() = default;
        list(const list&) = delete;
        list& operator=(const list&) = delete;
        ~list();

        std::vector<task_record*> records; // each is a counted reference
    };

    explicit awaited_tasks(std::shared_ptr<list> made) noexcept : list_(std::move(made)) {}

    std::shared_ptr<list> list_; // null for none
};

/// Blocks the calling thread until all or any of the tasks have ended; `index`
/// is the one that decided it. Allocates nothing for a few tasks.
/// Throws std::system_error with errc::no_task.
[[nodiscard]] wait_status wait_until(wait_kind kind, const awaited_tasks& tasks, steady_time deadline,
                                     std::size_t& index);

} // namespace vmtask::detail
