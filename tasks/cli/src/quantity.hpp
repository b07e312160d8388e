// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace vmtask::cli {

/// The number of bytes that a user means: digits, and K, M, G or T for the
/// powers of 1024, in either case.
///
/// Errors: std::invalid_argument, saying in half a sentence what is wrong, for
/// anything else, for what no 64 bits can hold, and for zero.
[[nodiscard]] std::uint64_t parse_size(std::string_view text);

/// The same, of whole sectors. Errors: also what is no multiple of 512.
[[nodiscard]] std::uint64_t parse_disk_size(std::string_view text);

/// As in "512 bytes", "2 MiB", "1.5 GiB": exact where it is short, else rounded
/// to one digit after the point.
[[nodiscard]] std::string format_size(std::uint64_t bytes);

/// As in "0:07", "12:30", "1:02:03"; fractions are cut off, less than nothing
/// is nothing.
[[nodiscard]] std::string format_duration(std::chrono::duration<double> time);

/// As in "0.3 s", "5 s": at most one digit after the point.
[[nodiscard]] std::string format_seconds(std::chrono::duration<double> time);

} // namespace vmtask::cli
