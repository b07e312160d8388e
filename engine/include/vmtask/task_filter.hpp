// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/task_handle.hpp>
#include <vmtask/task_state.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace vmtask {

/// Some of the states that a task can be in.
class state_set {
public:
    /// None.
    constexpr state_set() noexcept = default;
    constexpr state_set(std::initializer_list<task_state> states) noexcept
    {
        for (const task_state each : states) bits_ |= bit_of(each);
    }

    [[nodiscard]] static constexpr state_set all() noexcept { return unfinished() | ended(); }
    /// Queued, running or paused.
    [[nodiscard]] static constexpr state_set unfinished() noexcept
    {
        return {task_state::queued, task_state::running, task_state::paused};
    }
    /// Succeeded, failed or cancelled.
    [[nodiscard]] static constexpr state_set ended() noexcept
    {
        return {task_state::succeeded, task_state::failed, task_state::cancelled};
    }

    [[nodiscard]] constexpr bool contains(task_state state) const noexcept { return (bits_ & bit_of(state)) != 0; }

    [[nodiscard]] friend constexpr state_set operator|(state_set left, state_set right) noexcept
    {
        left.bits_ |= right.bits_;
        return left;
    }
    [[nodiscard]] friend constexpr bool operator==(state_set, state_set) noexcept = default;

private:
    /// None for a number that is no state: it is in no set.
    static constexpr unsigned bit_of(task_state state) noexcept
    {
        return state > task_state::cancelled ? 0 : 1U << static_cast<unsigned>(state);
    }

    unsigned bits_ = 0;
};

/// Which tasks to list, or to be told of: those for which all of this holds. What
/// is left alone holds for every task.
struct task_filter {
    using time_point = std::chrono::system_clock::time_point;

    /// That task alone.
    std::uint64_t id = 0;
    state_set states = state_set::all();
    /// What `task_options` said of it.
    std::string kind{};
    std::string initiator{};
    std::string tag{};
    /// A resource that it claims, in whichever mode, whether it has got it yet
    /// or has given it back.
    std::string resource{};
    /// The id of the task that it is a part of.
    std::uint64_t parent = 0;
    /// The id of a task that it is a part of, over any number of others.
    std::uint64_t ancestor = 0;
    /// When it was posted: then or later, and before. Right to a few
    /// milliseconds, by the system's clock as it is set at the call; see
    /// task_outcome.
    std::optional<time_point> posted_since{};
    std::optional<time_point> posted_until{};
    /// When it ended: then or later, and before. Holds for no task that has not.
    std::optional<time_point> ended_since{};
    std::optional<time_point> ended_until{};
};

/// Which part of a list to return.
struct page_bounds {
    /// Tasks with a higher id than this; 0 begins at the oldest.
    std::uint64_t after = 0;
    /// That many at most. 0: no limit.
    std::size_t limit = 100;
};

/// A part of a list, oldest task first.
struct task_page {
    std::vector<task_handle> tasks;
    /// What to continue after; 0 when no further task was in the list.
    std::uint64_t next = 0;
};

} // namespace vmtask
