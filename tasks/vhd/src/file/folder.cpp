// SPDX-License-Identifier: BSL-1.0

#include "file/folder.hpp"

#include <vmtask/vhd/error.hpp>

#include "core/fail.hpp"
#include "file/system_failure.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace vmtask::vhd::detail {

void flush_folder(const std::filesystem::path& folder, std::string_view name)
{
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int error = descriptor >= 0 && ::fsync(descriptor) == 0 ? 0 : errno;
    if (descriptor >= 0) ::close(descriptor);
    if (error == EIO) fail_by_system(name, "cannot make its name durable", error);
}

void remove_file(const file_store& file, const std::filesystem::path& path)
{
    std::error_code error;
    const auto real = std::filesystem::canonical(path, error);
    struct stat opened {};
    struct stat named {};
    if (error || ::stat(real.c_str(), &named) != 0) fail(file.name(), errc::no_such_file);
    if (::fstat(file.descriptor(), &opened) != 0) fail_by_system(file.name(), "cannot look at it", errno);
    if (opened.st_dev != named.st_dev || opened.st_ino != named.st_ino) fail(file.name(), errc::no_such_file);
    if (::unlink(real.c_str()) != 0) fail_by_system(file.name(), "cannot remove it", errno);
    flush_folder(real.parent_path(), file.name());
}

} // namespace vmtask::vhd::detail
