// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string_view>

namespace vmtask {

/// Which of the queued tasks begins first. Equal ones begin in the order in
/// which they came; a lower one that has waited long enough
/// (`engine_options::aging`) begins before a higher one that has not.
enum class task_priority : std::uint8_t { high, normal, low };

/// The enumerator's name, for logs and messages.
[[nodiscard]] constexpr std::string_view to_string(task_priority priority) noexcept
{
    switch (priority) {
    case task_priority::high: return "high";
    case task_priority::normal: return "normal";
    case task_priority::low: return "low";
    }
    return "unknown";
}

} // namespace vmtask
