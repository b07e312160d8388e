// SPDX-License-Identifier: BSL-1.0
#include "task/valid_options.hpp"

#include "base/native_thread.hpp"

#include <vmtask/error.hpp>
#include <vmtask/resource.hpp>
#include <vmtask/time_limits.hpp>

#include <memory>
#include <optional>
#include <system_error>
#include <vector>

namespace vmtask::detail {
namespace {

bool is_valid(vmtask::when_busy what) noexcept
{
    switch (what) {
    case when_busy::queue:
    case when_busy::fail:
    case when_busy::replace:
    case when_busy::join: return true;
    }
    return false;
}

bool is_valid(vmtask::after_failure what) noexcept
{
    switch (what) {
    case after_failure::fail:
    case after_failure::begin: return true;
    }
    return false;
}

bool is_valid(claim_mode mode) noexcept
{
    switch (mode) {
    case claim_mode::exclusive:
    case claim_mode::shared: return true;
    }
    return false;
}

bool is_valid(const std::optional<time_limit>& limit) noexcept
{
    if (!limit) return true;
    switch (limit->action) {
    case limit_action::cancel:
    case limit_action::report: return true;
    }
    return false;
}

void require(bool is_sound, const char* option)
{
    if (!is_sound) throw std::system_error(errc::bad_options, option);
}

} // namespace

bool is_valid(task_priority priority) noexcept
{
    switch (priority) {
    case task_priority::high:
    case task_priority::normal:
    case task_priority::low: return true;
    }
    return false;
}

bool is_valid(shutdown_mode mode) noexcept
{
    switch (mode) {
    case shutdown_mode::drain:
    case shutdown_mode::cancel: return true;
    }
    return false;
}

thread_options require_valid(thread_options options)
{
    require(native_thread::is_valid_stack_size(options.stack_size), "thread_options::stack_size");
    return options;
}

std::vector<std::shared_ptr<task_observer>> require_valid(std::vector<std::shared_ptr<task_observer>> observers)
{
    for (const auto& each : observers) require(each != nullptr, "engine_options::observers, one of them is null");
    return observers;
}

const task_options& require_valid(const task_options& options)
{
    require(is_valid(options.priority), "task_options::priority");
    require(!options.parameters || !options.kind.empty(), "task_options::parameters, without a kind");
    require(is_valid(options.when_busy), "task_options::when_busy");
    require(is_valid(options.after_failure), "task_options::after_failure");
    for (const resource_claim& claim : options.claims) require(is_valid(claim.mode), "task_options::claims, a mode");
    require(is_valid(options.limits.queued), "task_options::limits.queued, its action");
    require(is_valid(options.limits.running), "task_options::limits.running, its action");
    require(is_valid(options.limits.total), "task_options::limits.total, its action");
    require(is_valid(options.limits.without_progress), "task_options::limits.without_progress, its action");
    return options;
}

} // namespace vmtask::detail
