// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace vmtask::cli {

/// How the program ends. The values are what the shell sees.
enum class exit_code : int {
    done = 0,
    failed = 1,
    usage = 2,         ///< Nothing was done: what was asked for makes no sense.
    timed_out = 3,     ///< The task was stopped because its time was up.
    defects = 4,       ///< The disk was checked, and has defects that remain.
    interrupted = 130, ///< The task was stopped by SIGINT, as by Ctrl-C.
    terminated = 143,  ///< The task was stopped by SIGTERM.
};

/// The enumerator's name, for machines.
[[nodiscard]] constexpr std::string_view to_string(exit_code code) noexcept
{
    switch (code) {
    case exit_code::done: return "done";
    case exit_code::failed: return "failed";
    case exit_code::usage: return "usage";
    case exit_code::timed_out: return "timed_out";
    case exit_code::defects: return "defects";
    case exit_code::interrupted: return "interrupted";
    case exit_code::terminated: return "terminated";
    }
    return "unknown";
}

} // namespace vmtask::cli
