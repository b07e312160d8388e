// SPDX-License-Identifier: BSL-1.0

#include "server_object.hpp"

#include "guarded_call.hpp"
#include "hard_disk_object.hpp"
#include "task_collection_object.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace vmtask::virtual_server {

namespace {

/// The path in the form that the system takes, or why it takes it in none.
std::filesystem::path to_path(BSTR text)
{
    const std::wstring_view name(text, SysStringLen(text));
    const auto possible = [](wchar_t c) { return c != L'\0' && is_code_point(static_cast<char32_t>(c)); };
    if (name.empty()) throw call_failure(E_BAD_PATHNAME, "the path is empty; give an absolute one");
    if (!std::ranges::all_of(name, possible))
        throw call_failure(E_INVALID_NAME, to_utf8(name) + ": no file name has such characters");

    std::filesystem::path path(to_utf8(name));
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

} // namespace

server_object::server_object(std::shared_ptr<engine> where) noexcept : engine_(std::move(where)) {}

HRESULT server_object::GetHardDisk(BSTR path, IVMHardDisk** disk)
{
    return guarded_get(disk, [&]() -> IVMHardDisk* {
        if (path == nullptr) throw call_failure(E_POINTER, "the path is a null pointer");
        std::filesystem::path file = to_path(path);
        require_existing(file);
        return new hard_disk_object(engine_, std::move(file));
    });
}

HRESULT server_object::get_Tasks(IVMTaskCollection** value)
{
    return guarded_get(value, [&] { return new task_collection_object(engine_->tasks(), engine_); });
}

IVMVirtualServerPtr create_server()
{
    IVMVirtualServer* server = nullptr;
    check(guarded_get(&server, [] { return new server_object(std::make_shared<engine>()); }));
    return {server, false};
}

IVMVirtualServerPtr create_server(engine& where)
{
    // Without a count: the engine is the caller's.
    std::shared_ptr<engine> borrowed(std::shared_ptr<void>(), &where);
    return {new server_object(std::move(borrowed)), false};
}

} // namespace vmtask::virtual_server
