// SPDX-License-Identifier: BSL-1.0

#include "server_object.hpp"

#include "guarded_call.hpp"
#include "hard_disk_object.hpp"
#include "machine_object.hpp"
#include "new_disks.hpp"
#include "paths.hpp"
#include "task_collection_object.hpp"
#include "task_object.hpp"

#include <filesystem>
#include <utility>

namespace vmtask::virtual_server {

server_object::server_object(std::shared_ptr<engine> where) noexcept : engine_(std::move(where)) {}

HRESULT server_object::GetHardDisk(BSTR path, IVMHardDisk** disk)
{
    return guarded_get(disk, [&]() -> IVMHardDisk* {
        std::filesystem::path file = to_path(path);
        require_existing(file);
        return new hard_disk_object(engine_, std::move(file));
    });
}

HRESULT server_object::CreateDynamicVirtualHardDisk(BSTR path, long megabytes, IVMTask** task)
{
    return guarded_get(task, [&] {
        return new task_object(start_creating(*engine_, to_path(path), megabytes, vhd::disk_type::dynamic), engine_);
    });
}

HRESULT server_object::CreateFixedVirtualHardDisk(BSTR path, long megabytes, IVMTask** task)
{
    return guarded_get(task, [&] {
        return new task_object(start_creating(*engine_, to_path(path), megabytes, vhd::disk_type::fixed), engine_);
    });
}

HRESULT server_object::CreateDifferencingVirtualHardDisk(BSTR path, BSTR parent, IVMTask** task)
{
    return guarded_get(
        task, [&] { return new task_object(start_creating_child(*engine_, to_name(path), to_name(parent)), engine_); });
}

HRESULT server_object::CreateHostDriveVirtualHardDisk(BSTR /*path*/, BSTR /*drive*/, VARIANT_BOOL /*read_only*/,
                                                      IVMTask** task)
{
    return not_there(task);
}

HRESULT server_object::FindVirtualMachine(BSTR name, IVMVirtualMachine** machine)
{
    return guarded_get(machine, [&] {
        if (name == nullptr) throw call_failure(E_POINTER, "the name is a null pointer");
        return new machine_object;
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
