// SPDX-License-Identifier: BSL-1.0

#include "file/file_time.hpp"

#include <chrono>
#include <limits>

#include <sys/stat.h>

namespace vmtask::vhd::detail {

std::optional<std::uint32_t> time_of(int descriptor)
{
    using namespace std::chrono;
    constexpr auto epoch = sys_days{2000y / January / 1};
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) return std::nullopt;
    const auto since = status.st_mtime - duration_cast<seconds>(epoch.time_since_epoch()).count();
    if (since < 0 || since > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    return static_cast<std::uint32_t>(since);
}

} // namespace vmtask::vhd::detail
