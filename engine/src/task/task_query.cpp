// SPDX-License-Identifier: BSL-1.0
#include "task/task_query.hpp"

#include "base/engine_core.hpp"
#include "gate/task_terms.hpp"
#include "record/task_record.hpp"
#include "run/scheduler.hpp"
#include "time/wall_clock.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace vmtask::detail {
namespace {

using time_point = task_filter::time_point;

bool is_within(time_point time, const std::optional<time_point>& since, const std::optional<time_point>& until) noexcept
{
    return (!since || time >= *since) && (!until || time < *until);
}

bool claims(const task_terms& terms, const std::string& resource) noexcept
{
    const auto& wanted = terms.claims.wanted();
    return std::any_of(wanted.begin(), wanted.end(),
                       [&](const resource_claim& each) { return each.resource == resource; });
}

bool is_part_of(const task_terms& terms, std::uint64_t ancestor) noexcept
{
    for (const task_record* whole = terms.parent.get(); whole;) {
        if (whole->id() == ancestor) return true;
        whole = whole->terms() ? whole->terms()->parent.get() : nullptr;
    }
    return false;
}

bool needs_terms(const task_filter& filter) noexcept
{
    return !filter.kind.empty() || !filter.initiator.empty() || !filter.tag.empty() || !filter.resource.empty()
        || filter.parent != 0 || filter.ancestor != 0;
}

bool have_terms(const task_terms& terms, const task_filter& filter) noexcept
{
    return (filter.kind.empty() || terms.names().kind == filter.kind)
        && (filter.initiator.empty() || terms.names().initiator == filter.initiator)
        && (filter.tag.empty() || terms.names().tag == filter.tag)
        && (filter.resource.empty() || claims(terms, filter.resource))
        && (filter.parent == 0 || (terms.parent && terms.parent->id() == filter.parent))
        && (filter.ancestor == 0 || is_part_of(terms, filter.ancestor));
}

bool has_ended_within(task_record& task, const task_filter& filter, const clock_reading& clock) noexcept
{
    if (!filter.ended_since && !filter.ended_until) return true;
    if (!task.ended()) return false;
    const steady_time ended_at = task.core().scheduler.times_of(task).ended_at;
    return is_within(clock.of(ended_at), filter.ended_since, filter.ended_until);
}

bool matches(task_record& task, const task_filter& filter, const clock_reading& clock) noexcept
{
    if (filter.id != 0 && task.id() != filter.id) return false;
    if (!filter.states.contains(task.state())) return false;
    if (needs_terms(filter) && !(task.terms() && have_terms(*task.terms(), filter))) return false;
    return is_within(clock.of(task.queued_at()), filter.posted_since, filter.posted_until)
        && has_ended_within(task, filter, clock);
}

} // namespace

task_page find_tasks(engine_core& core, const task_filter& filter, const page_bounds& bounds)
{
    task_page found;
    const clock_reading clock = core.clock.read();
    std::vector<intrusive_ptr<task_record>> neighbours;
    for (const std::uint64_t number : core.scheduler.pages_after(bounds.after)) {
        neighbours.clear();
        core.scheduler.collect_page(number, neighbours);
        for (auto& each : neighbours) {
            if (each->id() <= bounds.after || !matches(*each, filter, clock)) continue;
            if (bounds.limit != 0 && found.tasks.size() == bounds.limit) {
                found.next = found.tasks.back().id();
                return found;
            }
            found.tasks.emplace_back(std::move(each));
        }
    }
    return found;
}

} // namespace vmtask::detail
