// SPDX-License-Identifier: BSL-1.0

#include "volume.hpp"

#include "guarded_call.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/magic.h>
#include <string>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <unistd.h>

namespace vmtask::virtual_server {

namespace {

/// Whether the process may have such files. To go beyond would be a signal.
bool is_permitted(std::uint64_t bytes) noexcept
{
    rlimit limit{};
    return ::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || bytes <= limit.rlim_cur;
}

bool is_fat(const std::filesystem::path& folder) noexcept
{
    struct statfs status {};
    return ::statfs(folder.c_str(), &status) == 0 && status.f_type == MSDOS_SUPER_MAGIC;
}

/// Asks the file system, by a file without a name. If it has none of those, the
/// task is left to find out.
bool refuses(const std::filesystem::path& folder, std::uint64_t bytes) noexcept
{
    const int probe = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (probe < 0) return false;
    const bool refused = ::ftruncate(probe, static_cast<off_t>(bytes)) != 0 && errno == EFBIG;
    ::close(probe);
    return refused;
}

} // namespace

void require_space(const std::filesystem::path& folder, std::uint64_t bytes)
{
    const std::uint64_t available = space(folder).available;
    if (available < bytes)
        throw call_failure(E_DISK_FULL,
                           folder.string() + ": it takes " + std::to_string(bytes) + " bytes, and "
                               + std::to_string(available) + " are left");
}

void require_room_for_file(const std::filesystem::path& folder, std::uint64_t bytes)
{
    constexpr std::uint64_t longest_on_fat = 0xFFFF'FFFF;
    if (is_permitted(bytes) && !(is_fat(folder) && bytes > longest_on_fat) && !refuses(folder, bytes)) return;
    throw call_failure(VM_E_FILE_TOO_LARGE_FOR_VOLUME,
                       folder.string() + ": no file there can become " + std::to_string(bytes) + " bytes long");
}

} // namespace vmtask::virtual_server
