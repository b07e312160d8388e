// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine_thread.hpp"

#include <vmtask/detail/task_record.hpp>
#include <vmtask/detail/wait_kind.hpp>

#include <span>

namespace vmtask::detail {

/// A wait in which a thread of an engine blocks: until all, or any, of some
/// tasks have ended.
class blocked_wait {
public:
    using targets = std::span<task_record* const>;

    /// The targets outlive it.
    blocked_wait(wait_kind kind, targets tasks) noexcept : kind_(kind), tasks_(tasks) {}
    blocked_wait(const blocked_wait&) = delete;
    blocked_wait& operator=(const blocked_wait&) = delete;

private:
    friend class wait_graph;

    const wait_kind kind_;
    const targets tasks_;

    // What a search has found out. Guarded by the wait graph's lock.
    blocked_wait* next_visited_ = nullptr;
    bool visited_ = false;
    bool can_end_ = false;
};

/// Who waits for whom, among the threads and the tasks of all engines of the
/// process: one graph, since a cycle may run through several engines.
///
/// Edges are blocking waits on engine threads, and what tasks wait for without a
/// thread: their parts, tasks before them, what others have claimed. Such a wait
/// can end as long as all of its tasks can, or any of them where one is enough;
/// so the graph is searched for that before the wait begins. No wait can close
/// a cycle later without being told so; a post can, when it makes a task a part
/// of one that is waited for already.
class wait_graph {
public:
    /// Notes that `self` is about to block in `wait`. False, and nothing noted,
    /// when that could never end.
    [[nodiscard]] static bool enter(engine_thread& self, blocked_wait& wait) noexcept;
    static void leave(engine_thread& self) noexcept;

private:
    class search;
    struct prerequisites;
    static void note(engine_thread& self, blocked_wait* wait) noexcept;
    static task_record* current_task(engine_thread& self) noexcept;
};

} // namespace vmtask::detail
