// SPDX-License-Identifier: BSL-1.0
#include "tell/event_filter.hpp"

#include <vmtask/error.hpp>

#include <algorithm>
#include <system_error>
#include <utility>

namespace vmtask::detail {
namespace {

bool claims(const task_summary& task, const std::string& resource) noexcept
{
    return std::any_of(task.claims.begin(), task.claims.end(),
                       [&](const resource_claim& each) { return each.resource == resource; });
}

} // namespace

event_filter::event_filter(task_filter filter) : filter_(std::move(filter))
{
    if (filter_.posted_since || filter_.posted_until || filter_.ended_since || filter_.ended_until)
        throw std::system_error(errc::bad_options, "task_filter of a subscription, a time");
}

bool event_filter::wants(const kept_event& event) const noexcept
{
    const bool is_or_was = filter_.states.contains(event.task.state) || filter_.states.contains(event.before);
    return is_or_was && is_meant(event.task, event.ancestors);
}

bool event_filter::wants(const task_summary& task, const std::vector<std::uint64_t>& ancestors) const noexcept
{
    return filter_.states.contains(task.state) && is_meant(task, ancestors);
}

bool event_filter::is_meant(const task_summary& task, const std::vector<std::uint64_t>& ancestors) const noexcept
{
    return (filter_.id == 0 || task.id == filter_.id) && (filter_.parent == 0 || task.parent == filter_.parent)
        && (filter_.kind.empty() || task.kind == filter_.kind)
        && (filter_.initiator.empty() || task.initiator == filter_.initiator)
        && (filter_.tag.empty() || task.tag == filter_.tag)
        && (filter_.resource.empty() || claims(task, filter_.resource))
        && (filter_.ancestor == 0
            || std::find(ancestors.begin(), ancestors.end(), filter_.ancestor) != ancestors.end());
}

} // namespace vmtask::detail
