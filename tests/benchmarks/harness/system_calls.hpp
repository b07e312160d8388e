// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>

namespace vmtask::benchmark {

/// How many system calls a contender makes for each of its tasks, in all its
/// threads: counted by strace, which sees also those that glibc makes inside
/// its locks, where no wrapper could.
///
/// The contender is run with `count` tasks and with three times as many, and
/// the difference counts; so starting and ending the program does not.
///
/// Throws not_measurable where strace is missing or may not trace.
[[nodiscard]] double system_calls_each(const std::string& contender_id, std::size_t count);

} // namespace vmtask::benchmark
