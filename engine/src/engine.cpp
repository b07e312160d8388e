// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "engine_owner.hpp"
#include "task/task_query.hpp"

#include <optional>
#include <utility>

namespace vmtask {

engine::engine(engine_options options) : core_(new detail::engine_owner(std::move(options))) {}

engine::~engine()
{
    // Nobody is there to end the tasks, and what they hold is the parent's to let go.
    if (detail::is_left_behind(*core_)) return;
    detail::owner_of(*core_).finish();
}

std::vector<task_handle> engine::tasks() const
{
    return core_->scheduler.tasks();
}

std::vector<task_handle> engine::tasks(const task_filter& filter) const
{
    return detail::find_tasks(*core_, filter, {.limit = 0}).tasks;
}

task_page engine::tasks(const task_filter& filter, const page_bounds& bounds) const
{
    return detail::find_tasks(*core_, filter, bounds);
}

metrics_snapshot engine::metrics() const
{
    return detail::owner_of(*core_).metrics();
}

task_handle engine::find(std::uint64_t id) const
{
    return core_->scheduler.find(id);
}

event_subscription engine::subscribe() const
{
    return event_subscription(detail::owner_of(*core_).read_events(std::nullopt));
}

event_subscription engine::subscribe(std::uint64_t version) const
{
    return event_subscription(detail::owner_of(*core_).read_events(version));
}

event_subscription engine::subscribe(const task_filter& filter) const
{
    return event_subscription(detail::owner_of(*core_).read_events(std::nullopt, &filter));
}

event_subscription engine::subscribe(const task_filter& filter, std::uint64_t version) const
{
    return event_subscription(detail::owner_of(*core_).read_events(version, &filter));
}

void engine::set_lane_limit(const std::string& lane, std::size_t limit)
{
    core_->room.set_lane_limit(lane, limit);
}

engine::executor_type engine::get_worker_executor() const noexcept
{
    return core_->workers.threads().context().get_executor();
}

shutdown_report engine::shutdown_until(shutdown_mode mode, detail::steady_time deadline)
{
    return detail::owner_of(*core_).shutdown(mode, deadline);
}

} // namespace vmtask
