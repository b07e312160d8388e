// SPDX-License-Identifier: BSL-1.0
#include "wait/wait_search.hpp"

#include "base/engine_core.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace vmtask::detail {

wait_search::verdict wait_search::run(const blocked_wait& asked)
{
    const index start = add(&asked);
    nodes_[start].wait = asked.called;
    std::vector<task_pointer> tasks;
    for (task_record* const each : asked.tasks()) tasks.push_back(share(*each));
    if (asked.kind() == wait_kind::any) {
        need_any(start, &nodes_, tasks);
    } else {
        for (task_pointer& each : tasks) need(start, node_of(std::move(each)));
    }
    meet_one(start);
    return settle(start);
}

wait_search::verdict wait_search::run(task_record& asked)
{
    asked_ = &asked;
    return settle(node_of(share(asked)));
}

wait_search::verdict wait_search::settle(index start)
{
    // Nobody waits for the clock at each task.
    constexpr int tasks_per_look = 64;
    for (int seen = 0;; ++seen) {
        propagate();
        if (nodes_[start].can_end) return verdict::can_end;
        if (to_expand_.empty()) return verdict::stuck;
        if (seen % tasks_per_look == tasks_per_look - 1 && std::chrono::steady_clock::now() >= deadline_)
            return verdict::out_of_time;
        const index next = to_expand_.back();
        to_expand_.pop_back();
        expand(next);
    }
}

wait_search::index wait_search::add(const void* name)
{
    nodes_.emplace_back();
    nodes_.back().name = name;
    return static_cast<index>(nodes_.size() - 1);
}

wait_search::index wait_search::node_of(task_pointer&& task)
{
    const auto [found, is_new] = known_.try_emplace(task.get(), static_cast<index>(nodes_.size()));
    if (!is_new) return found->second;
    const index added = add(task.get());
    nodes_[added].task = std::move(task);
    to_expand_.push_back(added);
    return added;
}

void wait_search::need(index dependant, index needed)
{
    if (nodes_[needed].can_end) return;
    edges_.push_back({dependant, nodes_[needed].first_edge});
    nodes_[needed].first_edge = static_cast<index>(edges_.size() - 1);
    ++nodes_[dependant].missing;
}

/// By a node between, which can end with the first of them.
void wait_search::need_any(index dependant, const void* name, std::vector<task_pointer>& tasks)
{
    const index group = add(name);
    for (task_pointer& each : tasks) {
        const index needed = node_of(std::move(each));
        if (nodes_[needed].can_end) return learn(group);
        need(group, needed);
    }
    nodes_[group].missing = 1;
    need(dependant, group);
}

/// Asks the task, unless it has ended.
void wait_search::expand(index known)
{
    task_record& task = *nodes_[known].task;
    const bool is_taken_for_granted = whole_ && &task != asked_ && task.is_part_of(*whole_);
    if (!task.ended() && !is_taken_for_granted) {
        needs_.clear();
        task.collect_needs(needs_);
        nodes_[known].wait = needs_.wait;
        nodes_[known].attempt = needs_.attempt;
        for (task_pointer& each : needs_.tasks) need(known, node_of(std::move(each)));
        if (!needs_.any_of.empty()) need_any(known, needs_.wait.thread, needs_.any_of);
        if (needs_.event_loop) need_event_loop(known, task.core());
        if (needs_.lane) need_place(known, *needs_.lane);
    }
    meet_one(known);
}

void wait_search::learn(index met)
{
    nodes_[met].can_end = true;
    to_tell_.push_back(met);
}

void wait_search::meet_one(index dependant)
{
    node& told = nodes_[dependant];
    if (!told.can_end && --told.missing == 0) learn(dependant);
}

void wait_search::propagate()
{
    while (!to_tell_.empty()) {
        const index told_of = to_tell_.back();
        to_tell_.pop_back();
        for (index at = nodes_[told_of].first_edge; at != none; at = edges_[at].next) {
            const index dependant = edges_[at].dependant;
            if (nodes_[dependant].served_as == none) {
                meet_one(dependant);
                continue;
            }
            lane_state& freed = lanes_[nodes_[dependant].served_as];
            ++freed.free_places;
            serve(freed);
        }
        nodes_[told_of].first_edge = none;
    }
}

// --- The event loop ---

/// A thread of the loop gets on when it does not block, or blocks in a wait that
/// can end.
void wait_search::need_event_loop(index dependant, engine_core& core)
{
    const auto [found, is_new] = known_.try_emplace(&core, static_cast<index>(nodes_.size()));
    if (is_new) {
        const index loop = add(&core);
        std::vector<task_needs> blocked;
        if (event_loop_gets_on(core, blocked)) {
            learn(loop);
        } else {
            for (task_needs& each : blocked) {
                const index thread = add(each.wait.thread);
                nodes_[thread].wait = each.wait;
                for (task_pointer& task : each.tasks) need(thread, node_of(std::move(task)));
                if (!each.any_of.empty()) need_any(thread, each.wait.thread, each.any_of);
                need(loop, thread);
                meet_one(thread);
            }
            nodes_[loop].missing = 1;
        }
    }
    need(dependant, found->second);
}

// --- Lanes ---

void wait_search::need_place(index dependant, lane& needed)
{
    lane_state& asked = lane_for(dependant, needed);
    if (nodes_[dependant].has_place) return;
    ++nodes_[dependant].missing;
    nodes_[dependant].lane = asked.node;
    line_up(asked, dependant); // one that is not in the lane's queue yet comes after those that are
    serve(asked);
}

void wait_search::line_up(lane_state& lane, index added)
{
    if (!std::exchange(nodes_[added].is_in_line, true)) lane.waiting.push_back(added);
}

/// Whoever has a place reports to the lane when it can end; then the next gets it.
wait_search::lane_state& wait_search::lane_for(index asking, lane& needed)
{
    const auto [found, is_new] = known_.try_emplace(&needed, static_cast<index>(nodes_.size()));
    if (!is_new) return lanes_[nodes_[found->second].served_as];
    const index added = add(&needed);
    lane_needs seen;
    nodes_[asking].task->collect_needs(needed, seen);
    lane_state& state = lanes_.emplace_back();
    nodes_[added].served_as = static_cast<index>(lanes_.size() - 1);
    state.node = added;
    state.free_places = seen.free_places;
    for (task_pointer& each : seen.holders) {
        const index holder = node_of(std::move(each));
        nodes_[holder].has_place = true;
        if (nodes_[holder].can_end) ++state.free_places;
        else need(added, holder);
    }
    for (task_pointer& each : seen.waiting) line_up(state, node_of(std::move(each)));
    return state;
}

void wait_search::serve(lane_state& served)
{
    while (served.free_places > 0 && served.served < served.waiting.size()) {
        const index next = served.waiting[served.served++];
        if (nodes_[next].has_place) continue;
        --served.free_places;
        give_place(served, next);
        if (nodes_[next].can_end) ++served.free_places;
        else need(served.node, next);
        let_guests_in(served, next);
    }
}

void wait_search::give_place(lane_state& from, index taker)
{
    const bool has_waited = nodes_[taker].lane == from.node;
    nodes_[taker].has_place = true;
    if (has_waited) meet_one(taker);
}

/// Parts of a task that has a place need none of their own.
void wait_search::let_guests_in(lane_state& from, index host)
{
    if (!nodes_[host].task->has_parts()) return;
    for (std::size_t at = from.served; at < from.waiting.size(); ++at) {
        const index guest = from.waiting[at];
        if (!nodes_[guest].has_place && nodes_[guest].task->is_part_of(*nodes_[host].task)) give_place(from, guest);
    }
}

// --- Confirming ---

std::vector<std::pair<const void*, const void*>> wait_search::stuck_edges() const
{
    std::vector<std::pair<const void*, const void*>> found;
    for (const node& needed : nodes_) {
        if (needed.can_end) continue;
        for (index at = needed.first_edge; at != none; at = edges_[at].next)
            if (!nodes_[edges_[at].dependant].can_end)
                found.emplace_back(needed.name, nodes_[edges_[at].dependant].name);
    }
    std::sort(found.begin(), found.end());
    return found;
}

bool wait_search::confirms(const wait_search& earlier) const
{
    for (const node& each : nodes_) {
        if (each.can_end || !each.task) continue;
        const auto before = earlier.known_.find(each.name);
        if (before == earlier.known_.end()) return false;
        const node& then = earlier.nodes_[before->second];
        if (then.can_end || then.wait != each.wait || then.attempt != each.attempt) return false;
    }
    // An edge from one of these to another stays as long as neither moves.
    const auto now = stuck_edges();
    const auto then = earlier.stuck_edges();
    return std::includes(then.begin(), then.end(), now.begin(), now.end());
}

} // namespace vmtask::detail
