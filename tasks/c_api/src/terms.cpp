// SPDX-License-Identifier: BSL-1.0

#include "terms.hpp"

#include "codes.hpp"
#include "durations.hpp"
#include "guarded.hpp"
#include "handles.hpp"
#include "task_list.hpp"

#include <vmtask/obstacle.hpp>
#include <vmtask/resource.hpp>
#include <vmtask/retry_policy.hpp>
#include <vmtask/task_priority.hpp>
#include <vmtask/time_limits.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

namespace c_api = vmtask::c_api;

static_assert(VMTASK_OBSTACLE_NONE == static_cast<int>(vmtask::obstacle_kind::none));
static_assert(VMTASK_OBSTACLE_WORKER == static_cast<int>(vmtask::obstacle_kind::worker));
static_assert(VMTASK_OBSTACLE_PREDECESSOR == static_cast<int>(vmtask::obstacle_kind::predecessor));
static_assert(VMTASK_OBSTACLE_RESOURCE == static_cast<int>(vmtask::obstacle_kind::resource));
static_assert(VMTASK_OBSTACLE_LANE == static_cast<int>(vmtask::obstacle_kind::lane));
static_assert(VMTASK_OBSTACLE_DELAY == static_cast<int>(vmtask::obstacle_kind::delay));
static_assert(VMTASK_OBSTACLE_HOLD == static_cast<int>(vmtask::obstacle_kind::hold));
static_assert(VMTASK_OBSTACLE_START_TIME == static_cast<int>(vmtask::obstacle_kind::start_time));

namespace vmtask::c_api {

namespace {

[[noreturn]] void refuse(const char* text)
{
    throw refusal{VMTASK_E_INVALID_ARGUMENT, text};
}

std::string text_of(const char* given)
{
    return given != nullptr ? given : std::string();
}

template <class Element>
std::span<const Element> array_of(const Element* elements, std::size_t count, const char* text)
{
    if (count != 0) require(elements, text);
    return {elements, count};
}

task_priority priority_of(vmtask_priority priority)
{
    switch (priority) {
    case VMTASK_PRIORITY_NORMAL: return task_priority::normal;
    case VMTASK_PRIORITY_HIGH: return task_priority::high;
    case VMTASK_PRIORITY_LOW: return task_priority::low;
    default: refuse("there is no such priority");
    }
}

when_busy when_busy_of(vmtask_when_busy what)
{
    switch (what) {
    case VMTASK_WHEN_BUSY_QUEUE: return when_busy::queue;
    case VMTASK_WHEN_BUSY_FAIL: return when_busy::fail;
    case VMTASK_WHEN_BUSY_REPLACE: return when_busy::replace;
    case VMTASK_WHEN_BUSY_JOIN: return when_busy::join;
    default: refuse("there is no such when_busy");
    }
}

after_failure after_failure_of(vmtask_after_failure what)
{
    switch (what) {
    case VMTASK_AFTER_FAILURE_FAIL: return after_failure::fail;
    case VMTASK_AFTER_FAILURE_BEGIN: return after_failure::begin;
    default: refuse("there is no such after_failure");
    }
}

void claim(task_options& about, std::span<const char* const> resources, claim_mode mode)
{
    for (const char* resource : resources) about.claims.push_back({require(resource, "a resource is null"), mode});
}

/// The limit of that bit, if there is one.
std::optional<time_limit> limit_of(std::int64_t milliseconds, std::uint32_t limit, std::uint32_t only_reported)
{
    if (milliseconds == 0) return std::nullopt;
    if (milliseconds < 0) refuse("a time limit is negative");
    const limit_action action = (only_reported & limit) != 0 ? limit_action::report : limit_action::cancel;
    return time_limit(std::chrono::milliseconds(milliseconds), action);
}

time_limits limits_of(const vmtask_terms& terms)
{
    constexpr std::uint32_t all =
        VMTASK_LIMIT_QUEUED | VMTASK_LIMIT_RUNNING | VMTASK_LIMIT_TOTAL | VMTASK_LIMIT_WITHOUT_PROGRESS;
    const std::uint32_t reported = terms.limits_only_reported;
    if ((reported & ~all) != 0) throw refusal{VMTASK_E_UNKNOWN_OPTION, "there is no such limit"};
    time_limits limits;
    limits.queued = limit_of(terms.queued_limit_ms, VMTASK_LIMIT_QUEUED, reported);
    limits.running = limit_of(terms.running_limit_ms, VMTASK_LIMIT_RUNNING, reported);
    limits.total = limit_of(terms.total_limit_ms, VMTASK_LIMIT_TOTAL, reported);
    limits.without_progress = limit_of(terms.without_progress_limit_ms, VMTASK_LIMIT_WITHOUT_PROGRESS, reported);
    return limits;
}

std::chrono::steady_clock::duration delay_of(std::int64_t milliseconds,
                                             std::chrono::steady_clock::duration by_default) noexcept
{
    return milliseconds == 0 ? by_default : duration_of(milliseconds);
}

std::optional<retry_policy> retry_of(const vmtask_terms& terms)
{
    // Compared so that no number at all is refused, too.
    if (!(terms.delay_growth >= 0)) refuse("delay_growth is negative");
    if (!(terms.delay_jitter <= 1)) refuse("delay_jitter is more than 1");
    if (terms.attempts < 2) return std::nullopt;

    retry_policy retry;
    retry.attempts = static_cast<int>(std::min<std::uint32_t>(terms.attempts, INT32_MAX));
    retry.first_delay = delay_of(terms.first_delay_ms, retry.first_delay);
    retry.longest_delay = delay_of(terms.longest_delay_ms, retry.longest_delay);
    if (terms.delay_growth != 0) retry.growth = terms.delay_growth;
    if (terms.delay_jitter != 0) retry.jitter = std::max(terms.delay_jitter, 0.0);
    if (terms.repeat_on != nullptr)
        retry.repeat_on = [repeat_on = terms.repeat_on, user = terms.repeat_user](std::error_code error) {
            return repeat_on(status_of(error), user) != 0;
        };
    return retry;
}

} // namespace

task_options task_options_on(const vmtask_terms* terms)
{
    const vmtask_terms given = options_from(terms);
    require_zero(given.reserved);
    task_options about;
    about.kind = text_of(given.kind);
    about.initiator = text_of(given.initiator);
    about.reason = text_of(given.reason);
    about.lane = text_of(given.lane);
    about.priority = priority_of(given.priority);
    claim(about, array_of(given.exclusive, given.exclusive_count, "exclusive is null"), claim_mode::exclusive);
    claim(about, array_of(given.shared, given.shared_count, "shared is null"), claim_mode::shared);
    about.when_busy = when_busy_of(given.when_busy);
    for (const vmtask_task* task : array_of(given.after, given.after_count, "after is null"))
        about.after.push_back(require(task, "a task in after is null")->handle);
    about.after_failure = after_failure_of(given.after_failure);
    if (given.parent != nullptr) about.parent = given.parent->handle;
    about.limits = limits_of(given);
    about.retry = retry_of(given);
    return about;
}

} // namespace vmtask::c_api

vmtask_status vmtask_task_set_priority(vmtask_task* task, vmtask_priority priority)
{
    return c_api::guarded([&] {
        const vmtask::task_handle& handle = c_api::require(task, "task is null")->handle;
        return c_api::status_of(handle.set_priority(c_api::priority_of(priority)));
    });
}

vmtask_status vmtask_task_get_obstacle(const vmtask_task* task, vmtask_obstacle* obstacle, vmtask_task*** tasks,
                                       size_t* count)
{
    return c_api::guarded([&] {
        const c_api::list_place place(tasks, count);
        c_api::require(obstacle, "there is no place for the obstacle");
        const vmtask::obstacle found = c_api::require(task, "task is null")->handle.obstacle();
        c_api::task_list before(place.is_there() ? found.tasks : std::vector<vmtask::task_handle>());
        vmtask_obstacle known{};
        known.kind = static_cast<vmtask_obstacle_kind>(found.kind);
        c_api::copy_text(known.name, found.name);
        c_api::report_to(obstacle, known);
        if (place.is_there()) before.hand_out(place);
    });
}
