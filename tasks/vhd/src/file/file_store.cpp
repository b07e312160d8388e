// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/file_store.hpp>

#include "core/fail.hpp"
#include "file/file_lock.hpp"
#include "file/system_failure.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace vmtask::vhd {

namespace {

using detail::fail;
using detail::fail_by_system;

static_assert(sizeof(off_t) == sizeof(std::uint64_t), "an image may be longer than 2 GiB");

std::string bytes_at(std::uint64_t count, std::uint64_t offset)
{
    return std::to_string(count) + " bytes at byte " + std::to_string(offset);
}

void refuse_unless_regular(const std::string& name, const struct stat& status)
{
    if (S_ISDIR(status.st_mode)) fail(name, errc::is_directory);
    if (!S_ISREG(status.st_mode)) fail(name, errc::not_a_regular_file);
}

[[noreturn]] void fail_to_open(const std::string& name, file_access access, int error)
{
    const bool is_readable = access == file_access::write && ::faccessat(AT_FDCWD, name.c_str(), R_OK, AT_EACCESS) == 0;
    if (is_readable && (error == EACCES || error == EPERM)) fail(name, errc::read_only);
    fail_by_system(name, "cannot open it", error);
}

std::string path_of(int descriptor)
{
    return "/proc/self/fd/" + std::to_string(descriptor);
}

/// Writes the whole pages that the bytes begin with, past the cache, and returns
/// how many bytes that were. None if file, memory or length are not in whole
/// pages, or at a failure, which the same write through the cache repeats.
std::size_t write_directly(int descriptor, std::uint64_t offset, std::span<const std::byte> from) noexcept
{
    constexpr std::size_t page = 4096;
    constexpr std::size_t least = 32U << 10; // less is better off with its neighbours
    if (offset % page != 0 || reinterpret_cast<std::uintptr_t>(from.data()) % page != 0) return 0;
    const std::size_t length = from.size() - from.size() % page;
    std::size_t done = 0;
    while (length - done >= least) {
        const ssize_t count = ::pwrite(descriptor, &from[done], length - done, static_cast<off_t>(offset + done));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0 || static_cast<std::size_t>(count) % page != 0) break;
        done += static_cast<std::size_t>(count);
    }
    return done;
}

int open_regular(const std::string& name, file_access access)
{
    // Looked at before it is opened, because opening alone can make a device act
    // and waits for the other end of a pipe; and again, in case it was replaced.
    struct stat status {};
    if (::stat(name.c_str(), &status) != 0) fail_by_system(name, "cannot open it", errno);
    refuse_unless_regular(name, status);
    // Root could write to it all the same, but somebody has said not to.
    if (access == file_access::write && (status.st_mode & 0222) == 0) fail(name, errc::read_only);

    const int mode = access == file_access::write ? O_RDWR : O_RDONLY;
    const int descriptor = ::open(name.c_str(), mode | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) fail_to_open(name, access, errno);
    return descriptor;
}

} // namespace

file_store::file_store(const std::filesystem::path& path, file_access access)
    : file_store(open_regular(path.string(), access), path)
{
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) fail_by_system(name_, "cannot look at it", errno);
    refuse_unless_regular(name_, status);
    detail::lock_file(descriptor_, access, name_);
}

file_store::file_store(int descriptor, const std::filesystem::path& path)
    : name_(path.string()), descriptor_(descriptor)
{
}

file_store::~file_store()
{
    if (direct_ >= 0) ::close(direct_);
    ::close(descriptor_);
}

std::uint64_t file_store::size()
{
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) fail_by_system(name_, "cannot look at it", errno);
    return static_cast<std::uint64_t>(status.st_size);
}

void file_store::read(std::uint64_t offset, std::span<std::byte> into)
{
    while (!into.empty()) {
        const ssize_t count = ::pread(descriptor_, into.data(), into.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) fail_by_system(name_, "cannot read " + bytes_at(into.size(), offset), errno);
        if (count == 0) fail(name_, errc::file_too_short, "it ends before " + bytes_at(into.size(), offset));
        into = into.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
    }
}

void file_store::write(std::uint64_t offset, std::span<const std::byte> from)
{
    if (direct_ >= 0) {
        const std::size_t done = write_directly(direct_, offset, from);
        offset += done;
        from = from.subspan(done);
    }
    while (!from.empty()) {
        const ssize_t count = ::pwrite(descriptor_, from.data(), from.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) fail_by_system(name_, "cannot write " + bytes_at(from.size(), offset), errno);
        from = from.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
    }
    if (writes_through_ && direct_ < 0) begin_writing(offset);
}

void file_store::write_through() noexcept
{
    writes_through_ = true;
    if (direct_ < 0) direct_ = ::open(path_of(descriptor_).c_str(), O_RDWR | O_DIRECT | O_CLOEXEC);
}

/// Hints, whose failure flush() would find again.
void file_store::begin_writing(std::uint64_t written) noexcept
{
    constexpr std::uint64_t portion = 8U << 20;
    if (written < begun_ + portion) return;
    (void)::sync_file_range(descriptor_, static_cast<off_t>(begun_), static_cast<off_t>(written - begun_),
                            SYNC_FILE_RANGE_WRITE);
    begun_ = written;
}

void file_store::read_ahead() const noexcept
{
    (void)::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
}

void file_store::flush()
{
    // fdatasync() owes us the data, and not that the file has become shorter.
    int result = 0;
    do result = may_have_shrunk_ ? ::fsync(descriptor_) : ::fdatasync(descriptor_);
    while (result != 0 && errno == EINTR);
    if (result != 0) fail_by_system(name_, "cannot make its data durable", errno);
    may_have_shrunk_ = false;
}

void file_store::truncate(std::uint64_t size)
{
    int result = 0;
    do result = ::ftruncate(descriptor_, static_cast<off_t>(size));
    while (result != 0 && errno == EINTR);
    if (result != 0) fail_by_system(name_, "cannot make it " + std::to_string(size) + " bytes long", errno);
    may_have_shrunk_ = true;
}

bool file_store::allocate(std::uint64_t offset, std::uint64_t length)
{
    int result = 0;
    do result = ::fallocate(descriptor_, 0, static_cast<off_t>(offset), static_cast<off_t>(length));
    while (result != 0 && errno == EINTR);
    if (result == 0) return true;
    if (errno == EOPNOTSUPP || errno == ENOSYS) return false;
    fail_by_system(name_, "cannot take space for " + bytes_at(length, offset), errno);
}

bool file_store::punch(std::uint64_t offset, std::uint64_t length)
{
    constexpr int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    int result = 0;
    do result = ::fallocate(descriptor_, mode, static_cast<off_t>(offset), static_cast<off_t>(length));
    while (result != 0 && errno == EINTR);
    if (result == 0) return true;
    if (errno == EOPNOTSUPP || errno == ENOSYS) return false;
    fail_by_system(name_, "cannot give back " + bytes_at(length, offset), errno);
}

// File systems that know nothing of holes answer EINVAL: then all is data.

std::uint64_t file_store::next_data(std::uint64_t offset)
{
    const off_t found = ::lseek(descriptor_, static_cast<off_t>(offset), SEEK_DATA);
    if (found >= 0) return static_cast<std::uint64_t>(found);
    if (errno == ENXIO) return size();
    if (errno == EINVAL) return offset;
    fail_by_system(name_, "cannot look for holes in it", errno);
}

std::uint64_t file_store::next_hole(std::uint64_t offset)
{
    const off_t found = ::lseek(descriptor_, static_cast<off_t>(offset), SEEK_HOLE);
    if (found >= 0) return static_cast<std::uint64_t>(found);
    if (errno == ENXIO || errno == EINVAL) return size();
    fail_by_system(name_, "cannot look for holes in it", errno);
}

} // namespace vmtask::vhd
