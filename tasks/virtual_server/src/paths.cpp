// SPDX-License-Identifier: BSL-1.0

#include "paths.hpp"

#include "guarded_call.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <limits.h>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>

namespace vmtask::virtual_server {

namespace {

bool is_too_long(const std::filesystem::path& path)
{
    return path.native().size() >= PATH_MAX
        || std::ranges::any_of(path, [](const auto& part) { return part.native().size() > NAME_MAX; });
}

} // namespace

std::filesystem::path to_name(BSTR text)
{
    if (text == nullptr) throw call_failure(E_POINTER, "the path is a null pointer");
    const std::wstring_view name(text, SysStringLen(text));
    const auto possible = [](wchar_t c) { return c != L'\0' && is_code_point(static_cast<char32_t>(c)); };
    if (name.empty()) throw call_failure(E_BAD_PATHNAME, "the path is empty; give an absolute one");
    if (!std::ranges::all_of(name, possible))
        throw call_failure(E_INVALID_NAME, to_utf8(name) + ": no file name has such characters");

    std::filesystem::path path(to_utf8(name));
    if (is_too_long(path)) throw call_failure(E_BUFFER_OVERFLOW, path.string() + ": longer than the system takes");
    return path;
}

std::filesystem::path to_path(BSTR text)
{
    std::filesystem::path path = to_name(text);
    if (!path.is_absolute()) throw call_failure(E_BAD_PATHNAME, path.string() + ": give an absolute path");
    return path;
}

void require_existing(const std::filesystem::path& path)
{
    if (exists(path)) return;
    if (is_directory(path.parent_path()))
        throw call_failure(E_FILE_NOT_FOUND, path.string() + ": there is no such file");
    throw call_failure(E_PATH_NOT_FOUND, path.string() + ": there is no such folder");
}

void require_new(const std::filesystem::path& path)
{
    if (!path.has_filename()) throw call_failure(E_BAD_PATHNAME, path.string() + ": this names a folder, not a file");
    // A link that leads nowhere is taken too.
    if (exists(symlink_status(path)))
        throw call_failure(E_ALREADY_EXISTS, path.string() + ": there is such a file; choose another name");
}

std::filesystem::path nearest_folder(const std::filesystem::path& folder)
{
    std::filesystem::path nearest = folder;
    while (!exists(nearest)) nearest = nearest.parent_path();
    if (!is_directory(nearest))
        throw call_failure(E_PATH_NOT_FOUND, folder.string() + ": " + nearest.string() + " is no folder");
    if (::faccessat(AT_FDCWD, nearest.c_str(), W_OK | X_OK, AT_EACCESS) != 0)
        throw std::system_error(errno, std::system_category(), nearest.string() + ": nothing can be made there");
    return nearest;
}

void require_new_in_folder(const std::filesystem::path& path)
{
    require_new(path);
    const std::filesystem::path folder = path.parent_path();
    if (nearest_folder(folder) != folder)
        throw call_failure(E_PATH_NOT_FOUND, folder.string() + ": there is no such folder");
}

made_folder::made_folder(const std::filesystem::path& folder) : lowest_(folder), existing_(nearest_folder(folder))
{
    create_directories(folder);
}

made_folder::~made_folder()
{
    if (lowest_.empty()) return;
    std::error_code ignored; // somebody may have put something there meanwhile
    for (; lowest_ != existing_ && remove(lowest_, ignored);) lowest_ = lowest_.parent_path();
}

} // namespace vmtask::virtual_server
