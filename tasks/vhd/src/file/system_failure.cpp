// SPDX-License-Identifier: BSL-1.0

#include "file/system_failure.hpp"

#include "core/fail.hpp"

#include <cerrno>
#include <string>
#include <system_error>

namespace vmtask::vhd::detail {

namespace {

const char* advice_for(int error) noexcept
{
    switch (error) {
    case ENOSPC:
    case EDQUOT: return "make space there and run it again";
    case EFBIG: return "use a file system that takes files of this size";
    case EIO: return "check the device it is on";
    case EMFILE:
    case ENFILE: return "close other files and run it again";
    default: return "see the system's reason";
    }
}

} // namespace

void fail_by_system(std::string_view name, std::string_view what, int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR: fail(name, errc::no_such_file);
    case EISDIR: fail(name, errc::is_directory);
    case EEXIST: fail(name, errc::already_exists);
    case EACCES:
    case EPERM: fail(name, errc::access_denied);
    case EROFS:
    case ETXTBSY: fail(name, errc::read_only);
    case ENXIO: fail(name, errc::not_a_regular_file);
    default: break;
    }
    fail(name, {error, std::system_category()}, std::string(what) + "; " + advice_for(error));
}

} // namespace vmtask::vhd::detail
