// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "command_line.hpp"
#include "exit_code.hpp"
#include "reporter.hpp"

namespace vmtask::cli {

/// Does what was asked for, and tells how it came out.
///
/// Throws only what nobody can do anything about, such as std::bad_alloc.
[[nodiscard]] exit_code run_command(const command_line& line, reporter& report);

} // namespace vmtask::cli
