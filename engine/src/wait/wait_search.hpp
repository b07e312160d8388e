// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "wait/blocked_wait.hpp"
#include "wait/task_needs.hpp"

#include <vmtask/detail/deadline.hpp>

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

namespace vmtask::detail {

class engine_core;

/// Finds out whether a wait, or a task, can come to its end.
///
/// It follows what each task needs to what those need in turn, each once, and
/// marks what can end, beginning with tasks that need nothing. What is left
/// unmarked is deadlocked. It holds no lock but for the moment in which it asks one
/// task for its needs; so what it sees is no single moment, and a verdict `stuck`
/// counts only when a second search confirms it.
///
/// It keeps the tasks that it has seen: destroy it without a lock.
///
/// Thread safety: none.
class wait_search {
public:
    enum class verdict : std::uint8_t {
        can_end,
        stuck,
        out_of_time, ///< The deadline came before the answer.
    };

    /// Parts of `whole`, at whatever depth, are taken for tasks that can end, but for
    /// the task that is asked about; null: none are.
    /// `is_complete`: it looks at everything that is in a task's way, which can be
    /// much, and not only at the nearest, which can leave while the search goes on.
    wait_search(steady_time deadline, const task_record* whole, bool is_complete) noexcept
        : deadline_(deadline), whole_(whole)
    {
        needs_.has_to_be_complete = is_complete;
    }
    wait_search(const wait_search&) = delete;
    wait_search& operator=(const wait_search&) = delete;

    /// Throws std::bad_alloc.
    [[nodiscard]] verdict run(const blocked_wait& asked);
    [[nodiscard]] verdict run(task_record& asked);

    /// Whether all that keeps this one from an end did so in the earlier search,
    /// too. Deadlocks stay, so it has been there all the time between the two.
    [[nodiscard]] bool confirms(const wait_search& earlier) const;

private:
    using index = std::uint32_t;
    static constexpr index none = static_cast<index>(-1);

    /// Something that can come to its end, or not.
    struct node {
        const void* name = nullptr; // of what it stands for
        task_pointer task{};        // null for what is no task
        blocked_wait::name wait{};
        int attempt = 0;
        std::uint32_t missing = 1; // needs that are not met; one until all are known
        index first_edge = none;   // to those that need it
        index lane = none;         // of a task that needs a place in it: that one's node
        index served_as = none;    // of a lane: where its state is
        bool is_in_line = false;   // of a task: among those that wait for its lane
        bool has_place = false;
        bool can_end = false;
    };
    struct edge {
        index dependant;
        index next;
    };
    /// A lane, of which tasks get places in turn.
    struct lane_state {
        index node = none; // what holders report to
        std::ptrdiff_t free_places = 0;
        std::vector<index> waiting;
        std::size_t served = 0;
    };

    [[nodiscard]] verdict settle(index start);
    [[nodiscard]] index add(const void* name);
    [[nodiscard]] index node_of(task_pointer&& task);
    void need(index dependant, index needed);
    void need_any(index dependant, const void* name, std::vector<task_pointer>& tasks);
    void need_event_loop(index dependant, engine_core& core);
    void need_place(index dependant, lane& needed);
    void expand(index known);
    void learn(index met);
    void meet_one(index dependant);
    void propagate();

    [[nodiscard]] lane_state& lane_for(index asking, lane& needed);
    void line_up(lane_state& lane, index added);
    void serve(lane_state& served);
    void give_place(lane_state& from, index taker);
    void let_guests_in(lane_state& from, index host);

    [[nodiscard]] std::vector<std::pair<const void*, const void*>> stuck_edges() const;

    const steady_time deadline_;
    const task_record* const whole_;
    const task_record* asked_ = nullptr;
    std::vector<node> nodes_;
    std::vector<edge> edges_;
    std::unordered_map<const void*, index> known_; // nodes by name
    std::vector<lane_state> lanes_;
    std::vector<index> to_expand_;
    std::vector<index> to_tell_; // nodes that can end, whose dependants do not know yet
    task_needs needs_;           // of the task that is being asked
};

} // namespace vmtask::detail
