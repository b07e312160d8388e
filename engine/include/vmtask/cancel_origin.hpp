// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string_view>

namespace vmtask {

/// On whose behalf a task was asked to cancel, when it first was.
enum class cancel_origin : std::uint8_t {
    none,       ///< Nobody's: it was not asked.
    caller,     ///< Somebody who called request_cancel().
    stop_token, ///< That of who posted it, by `task_options::stop`.
    parent,     ///< The task that it is a part of was cancelled, or has failed.
    replaced,   ///< A later task of the same kind has made it needless.
    time_limit, ///< It took longer than `task_options::limits` allow.
    shutdown,   ///< The engine's, which is shutting down.
};

/// The enumerator's name, for logs and messages.
[[nodiscard]] constexpr std::string_view to_string(cancel_origin origin) noexcept
{
    switch (origin) {
    case cancel_origin::none: return "none";
    case cancel_origin::caller: return "caller";
    case cancel_origin::stop_token: return "stop_token";
    case cancel_origin::parent: return "parent";
    case cancel_origin::replaced: return "replaced";
    case cancel_origin::time_limit: return "time_limit";
    case cancel_origin::shutdown: return "shutdown";
    }
    return "unknown";
}

} // namespace vmtask
