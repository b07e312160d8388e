// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/task_event.hpp>
#include <vmtask/task_filter.hpp>
#include <vmtask/task_state.hpp>

#include <cstdint>
#include <vector>

namespace vmtask::detail {

/// An event, and what only those who choose among events have to know of it.
struct kept_event : task_event {
    task_state before = task_state::queued;
    std::vector<std::uint64_t> ancestors{}; // the tasks that it is a part of, over any number of others
};

/// Which tasks' events a reader wants.
class event_filter {
public:
    /// Throws std::system_error with errc::bad_options for a filter that asks for times.
    explicit event_filter(task_filter filter);

    /// The task is one of those after the event, or was before.
    [[nodiscard]] bool wants(const kept_event& event) const noexcept;
    [[nodiscard]] bool wants(const task_summary& task, const std::vector<std::uint64_t>& ancestors) const noexcept;

private:
    /// All but the state, which alone changes.
    [[nodiscard]] bool is_meant(const task_summary& task, const std::vector<std::uint64_t>& ancestors) const noexcept;

    const task_filter filter_;
};

} // namespace vmtask::detail
