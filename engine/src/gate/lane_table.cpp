// SPDX-License-Identifier: BSL-1.0
#include "gate/lane_table.hpp"

#include "gate/task_terms.hpp"

#include <vmtask/error.hpp>

#include <system_error>
#include <utility>

namespace vmtask::detail {

lane_table::lane_table(const engine_options& options) : aging_(options.aging)
{
    for (const lane_options& each : options.lanes) set_limit(each.name, each.limit);
}

lane* lane_table::find(const std::string& name)
{
    if (name.empty()) return nullptr;
    const auto found = lanes_.find(name);
    if (found == lanes_.end()) throw std::system_error(errc::unknown_lane, "lane '" + name + "'");
    return &found->second;
}

lane& lane_table::set_limit(const std::string& name, std::size_t limit)
{
    lane& changed = lanes_.try_emplace(name, aging_).first->second;
    const auto places = [](std::size_t given) { return given - 1; }; // none given: the most there are
    if (places(limit) < places(changed.limit)) changed.was_narrowed = true;
    changed.limit = limit;
    return changed;
}

void lane_table::relate(task_terms& posted)
{
    posted.place.lane = find(posted.names().lane);
    const task_terms* const whole = posted.parent ? posted.parent->terms() : nullptr;
    if (whole) posted.place.outer = whole->place.lane ? posted.parent->terms() : whole->place.outer;
}

task_terms* lane_table::host_of(const task_terms& part) noexcept
{
    for (task_terms* outer = part.place.outer; outer; outer = outer->place.outer)
        if (outer->place.is_own && outer->place.lane == part.place.lane) return outer;
    return nullptr;
}

bool lane_table::become_guest(task_terms& part) noexcept
{
    part.place.host = host_of(part);
    if (!part.place.host) return false;
    ++part.place.host->place.guests;
    return true;
}

void lane_table::take_place(task_terms& entering) noexcept
{
    lane_place& place = entering.place;
    lane& entered = *place.lane;
    ++entered.under_way;
    place.is_own = true;
    place.previous_holder = nullptr;
    place.next_holder = entered.first_holder;
    if (place.next_holder) place.next_holder->place.previous_holder = &entering;
    entered.first_holder = &entering;
    // Its parts need no place beside this one, even those that came before it.
    if (entering.task.has_parts() && !entered.waiting.empty()) entered.may_have_guests = true;
}

void lane_table::give_up_place(task_terms& owner) noexcept
{
    lane_place& place = owner.place;
    place.is_own = false;
    --place.lane->under_way;
    (place.previous_holder ? place.previous_holder->place.next_holder : place.lane->first_holder) = place.next_holder;
    if (place.next_holder) place.next_holder->place.previous_holder = place.previous_holder;
}

bool lane_table::enter(task_terms& entering) noexcept
{
    lane* const entered = entering.place.lane;
    if (!entered || entering.place.is_own || become_guest(entering)) return true;
    if (entered->is_full()) {
        entered->waiting.push(entering.task);
        entering.place.is_waiting = true;
        return false;
    }
    take_place(entering);
    return true;
}

void lane_table::leave(task_terms& leaving) noexcept
{
    task_terms* owner = &leaving;
    if (task_terms* const host = std::exchange(leaving.place.host, nullptr)) {
        --host->place.guests;
        // The host is at work itself, but for the time between two attempts.
        if (host->stage != room_stage::delay) return;
        owner = host;
    }
    if (owner->place.is_own && owner->place.guests == 0) give_up_place(*owner);
}

task_terms* lane_table::next(lane& from) noexcept
{
    if (from.may_have_guests) {
        if (task_record* const guest =
                from.waiting.find_if([](task_record& waiting) { return become_guest(*waiting.terms()); })) {
            withdraw(*guest->terms());
            return guest->terms();
        }
        from.may_have_guests = false;
    }
    task_record* const next = from.is_full() ? nullptr : from.waiting.pop();
    if (!next) return nullptr;
    next->terms()->place.is_waiting = false;
    take_place(*next->terms());
    return next->terms();
}

void lane_table::withdraw(task_terms& waiting) noexcept
{
    if (!std::exchange(waiting.place.is_waiting, false)) return;
    waiting.place.lane->waiting.remove(waiting.task);
}

} // namespace vmtask::detail
