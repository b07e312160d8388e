// SPDX-License-Identifier: BSL-1.0

#include "file/new_file.hpp"

#include "core/fail.hpp"
#include "file/folder.hpp"
#include "file/system_failure.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <random>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace vmtask::vhd::detail {

namespace {

constexpr mode_t mode = 0666; // less the umask

std::string path_of(int descriptor)
{
    return "/proc/self/fd/" + std::to_string(descriptor);
}

std::string random_name()
{
    constexpr std::string_view letters = "0123456789abcdefghijklmnopqrstuv";
    std::random_device random;
    std::string name = ".vmtask-";
    for (int i = 0; i < 8; ++i) name += letters[random() % letters.size()];
    return name + ".partial";
}

} // namespace

new_file::new_file(const std::filesystem::path& path, kind wanted)
    : path_(path), folder_(path.has_parent_path() ? path.parent_path() : ".")
{
    // The name is taken by publish(); this only spares us the work before it.
    struct stat status {};
    if (::lstat(path_.c_str(), &status) == 0) fail(path_.string(), errc::already_exists);
    if (!path_.has_filename()) fail(path_.string(), errc::is_directory);
    if (wanted == kind::hidden || !open_unnamed()) open_hidden();
}

new_file::~new_file()
{
    if (!hidden_.empty()) ::unlink(hidden_.c_str());
}

bool new_file::open_unnamed()
{
    const int descriptor = ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
    if (descriptor >= 0) {
        store_.emplace(descriptor, path_);
        // It can get a name only by the path that it has there.
        return ::access(path_of(descriptor).c_str(), F_OK) == 0;
    }
    if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL) return false;
    fail_by_system(path_.string(), "cannot create it", errno);
}

void new_file::open_hidden()
{
    for (;;) {
        const auto name = folder_ / random_name();
        const int descriptor = ::open(name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, mode);
        if (descriptor < 0 && errno == EEXIST) continue;
        if (descriptor < 0) fail_by_system(path_.string(), "cannot create it", errno);
        hidden_ = name;
        store_.emplace(descriptor, path_);
        return;
    }
}

int new_file::link_unnamed() const noexcept
{
    return ::linkat(AT_FDCWD, path_of(store_->descriptor()).c_str(), AT_FDCWD, path_.c_str(), AT_SYMLINK_FOLLOW);
}

/// File systems know one or the other way to give a name that may not be taken.
int new_file::rename_hidden() const noexcept
{
    const int result = ::renameat2(AT_FDCWD, hidden_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE);
    if (result == 0 || (errno != EINVAL && errno != ENOSYS)) return result;
    return ::link(hidden_.c_str(), path_.c_str());
}

void new_file::publish()
{
    if ((hidden_.empty() ? link_unnamed() : rename_hidden()) != 0)
        fail_by_system(path_.string(), "cannot give it its name", errno);
    flush_folder(folder_, path_.string());
}

} // namespace vmtask::vhd::detail
