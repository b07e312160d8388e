// SPDX-License-Identifier: BSL-1.0
#include <vmtask/resource.hpp>

#include <vmtask/error.hpp>

#include <chrono>
#include <string>
#include <utility>

namespace vmtask {
namespace {

std::string in_words(const std::string& resource, const task_handle& holder, std::chrono::steady_clock::duration age)
{
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age).count();
    std::string text = "resource '" + resource + "', held by task " + std::to_string(holder.id());
    if (!holder.description().empty()) text += " (" + holder.description() + ")";
    return text + ", posted " + std::to_string(seconds) + " s ago";
}

} // namespace

resource_busy::resource_busy(std::string resource, task_handle holder, std::chrono::steady_clock::duration age)
    : std::system_error(errc::resource_busy, in_words(resource, holder, age)),
      resource_(std::move(resource)),
      holder_(std::move(holder)),
      age_(age)
{
}

} // namespace vmtask
