// SPDX-License-Identifier: BSL-1.0
//
// What a task of the waiting room waits for: for people, and for the search for circles.
#include "gate/waiting_room.hpp"

#include "wait/task_needs.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace vmtask::detail {
template <class Visit>
void waiting_room::for_each_predecessor_locked(const task_terms& terms, Visit visit)
{
    for (const auto& each : terms.predecessors) {
        task_record* const before = each->task_locked();
        if (before && !before->ended()) visit(*before);
    }
}

obstacle_kind waiting_room::obstacle_at(room_stage stage) noexcept
{
    switch (stage) {
    case room_stage::predecessors: return obstacle_kind::predecessor;
    case room_stage::start_time: return obstacle_kind::start_time;
    case room_stage::claims: return obstacle_kind::resource;
    case room_stage::lane: return obstacle_kind::lane;
    case room_stage::delay: return obstacle_kind::delay;
    case room_stage::outside:
    case room_stage::passed:
    case room_stage::withdrawn: break;
    }
    return obstacle_kind::none;
}

obstacle waiting_room::obstacle_of(task_record& queued)
{
    obstacle found;
    const mutex_guard lock(mutex_);
    task_terms& terms = *queued.terms();
    found.kind = obstacle_at(terms.stage);
    const auto add = [&](task_record& before) { found.tasks.emplace_back(share(before)); };
    // No default: a new kind of obstacle has to say who is in the way, here and in
    // collect_needs().
    switch (found.kind) {
    case obstacle_kind::predecessor: for_each_predecessor_locked(terms, add); break;
    case obstacle_kind::resource:
        claims_.for_each_obstacle(terms.claims, [&](const claim& each) {
            if (found.name.empty()) found.name = each.resource;
            add(*each.owner->task);
            return false;
        });
        break;
    case obstacle_kind::lane:
        found.name = terms.names().lane;
        for (task_terms* each = terms.place.lane->first_holder; each; each = each->place.next_holder) add(each->task);
        break;
    case obstacle_kind::start_time:
    case obstacle_kind::delay:
    case obstacle_kind::none:
    case obstacle_kind::worker:
    case obstacle_kind::hold: break;
    }
    // Whoever stands in the way by two resources is one task all the same.
    const auto is_older = [](const task_handle& left, const task_handle& right) { return left.id() < right.id(); };
    std::sort(found.tasks.begin(), found.tasks.end(), is_older);
    found.tasks.erase(std::unique(found.tasks.begin(), found.tasks.end()), found.tasks.end());
    return found;
}

/// Each stage leads to the next, so what keeps the task there counts already: it
/// will have to be over, whenever the task comes to it.
void waiting_room::collect_needs(task_record& queued, task_needs& needs)
{
    const mutex_guard lock(mutex_);
    task_terms& terms = *queued.terms();
    if (terms.retry) needs.attempt = terms.retry->made.failed;
    switch (obstacle_at(terms.stage)) {
    case obstacle_kind::predecessor:
        for_each_predecessor_locked(terms, [&](task_record& before) { needs.tasks.push_back(share(before)); });
        [[fallthrough]];
    case obstacle_kind::start_time:
    case obstacle_kind::resource: collect_obstacles_locked(terms, needs); [[fallthrough]];
    case obstacle_kind::delay:
    case obstacle_kind::lane:
        if (terms.place.lane && !terms.place.is_own && !terms.place.host && !lane_table::host_of(terms))
            needs.lane = terms.place.lane;
        break;
    case obstacle_kind::none:
    case obstacle_kind::worker:
    case obstacle_kind::hold: break;
    }
}

void waiting_room::collect_obstacles_locked(task_terms& terms, task_needs& needs)
{
    const auto add = [&](const claim& each) { needs.tasks.push_back(share(*each.owner->task)); };
    if (!needs.has_to_be_complete) return claims_.for_each_nearest_obstacle(terms.claims, add);
    claims_.for_each_obstacle(terms.claims, [&](const claim& each) {
        add(each);
        return false;
    });
}

void waiting_room::collect_needs(lane& asked, lane_needs& needs)
{
    const mutex_guard lock(mutex_);
    const auto limit = std::min<std::size_t>(asked.limit - 1, std::numeric_limits<std::uint32_t>::max()) + 1; // 0: none
    needs.free_places = static_cast<std::ptrdiff_t>(limit) - static_cast<std::ptrdiff_t>(asked.under_way);
    for (task_terms* each = asked.first_holder; each; each = each->place.next_holder)
        needs.holders.push_back(share(each->task));
    asked.waiting.for_each_in_order([&](task_record& waiting) { needs.waiting.push_back(share(waiting)); });
}

} // namespace vmtask::detail
