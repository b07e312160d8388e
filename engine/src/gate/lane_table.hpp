// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "run/priority_queue.hpp"

#include <vmtask/engine_options.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>

namespace vmtask::detail {

struct task_terms;

/// How many tasks of one kind may be under way, and those that wait for that.
struct lane {
    explicit lane(std::chrono::steady_clock::duration aging) noexcept : waiting(aging) {}

    [[nodiscard]] bool is_full() const noexcept { return limit != 0 && under_way >= limit; }

    std::size_t limit = 0; // 0: none
    std::size_t under_way = 0;
    task_terms* first_holder = nullptr; // of those under way
    bool may_have_guests = false;       // some that wait may be parts of one that has a place
    bool was_narrowed = false;          // had more places when some of those that will need one were looked at
    priority_queue waiting;             // tasks that wait for nothing else
};

/// A task's place in its lane: one of its own, or that of the task of which it
/// is a part.
struct lane_place {
    detail::lane* lane = nullptr; // null for tasks in no lane
    task_terms* outer = nullptr;  // the nearest task of which it is a part that names a lane
    bool is_own = false;          // counted there
    bool is_waiting = false;      // in the lane's queue
    task_terms* host = nullptr;   // in whose place it is
    std::size_t guests = 0;       // parts that are in this place
    // Among the lane's holders.
    task_terms* next_holder = nullptr;
    task_terms* previous_holder = nullptr;
};

/// Who is in which lane.
///
/// A part of a task that has a place in the same lane needs none of its own, for
/// it could wait for ever for the whole, which waits for its parts. So a place
/// stays taken while parts are in it, even between two attempts of the whole.
///
/// Thread safety: none; the waiting room's lock guards it.
class lane_table {
public:
    explicit lane_table(const engine_options& options);

    /// Null for no name. Throws errc::unknown_lane.
    [[nodiscard]] lane* find(const std::string& name);

    /// Sets a lane's limit, and makes the lane if there is none of that name.
    lane& set_limit(const std::string& name, std::size_t limit);

    /// Finds the lane of a task that is being posted, and whose place it may share.
    /// Throws errc::unknown_lane.
    void relate(task_terms& posted);

    /// True when the task is in its lane, or has none; else it waits for that.
    [[nodiscard]] bool enter(task_terms& entering) noexcept;

    /// Gives the place up, unless parts are in it, which do so when they leave.
    /// There may be a next() then.
    static void leave(task_terms& leaving) noexcept;

    /// The next of those who wait, and who is in the lane now; null for none.
    [[nodiscard]] static task_terms* next(lane& from) noexcept;

    /// No longer waits for a place.
    static void withdraw(task_terms& waiting) noexcept;

    /// The task in whose place this one would be, or is; null for none.
    [[nodiscard]] static task_terms* host_of(const task_terms& part) noexcept;

private:
    [[nodiscard]] static bool become_guest(task_terms& part) noexcept;
    static void take_place(task_terms& entering) noexcept;
    static void give_up_place(task_terms& owner) noexcept;

    const std::chrono::steady_clock::duration aging_;
    std::map<std::string, lane, std::less<>> lanes_;
};

} // namespace vmtask::detail
