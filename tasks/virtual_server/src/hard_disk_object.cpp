// SPDX-License-Identifier: BSL-1.0

#include "hard_disk_object.hpp"

#include "guarded_call.hpp"
#include "new_disks.hpp"
#include "paths.hpp"
#include "read_footer.hpp"
#include "task_object.hpp"

#include <vmtask/vhd/compact.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/info.hpp>
#include <vmtask/vhd/layout.hpp>
#include <vmtask/vhd/merge.hpp>
#include <vmtask/vhd/set_file_parent.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace vmtask::virtual_server {

namespace {

/// What the reference refuses in the starting call, and not in the task.
void require_compactable(vhd::byte_store& store)
{
    const auto refuse = [&store](vhd::errc reason) { throw std::system_error(reason, store.name()); };

    const vhd::disk_footer footer = vhd::read_layout(store).footer;
    if (footer.type == vhd::disk_type::fixed) refuse(vhd::errc::fixed_disk);
    if (footer.type == vhd::disk_type::differencing) refuse(vhd::errc::differencing_disk);
    if (footer.saved_state != 0) refuse(vhd::errc::saved_state);
}

void require_no_saved_state(const vhd::disk_chain& chain)
{
    for (const vhd::chain_link& link : chain.links())
        if (link.info.saved_state) throw std::system_error(vhd::errc::saved_state, link.path.string());
}

vhd::disk_type to_disk_type(VMHardDiskType type)
{
    if (type == vmDiskType_Dynamic) return vhd::disk_type::dynamic;
    if (type == vmDiskType_FixedSize) return vhd::disk_type::fixed;
    throw call_failure(VM_E_WRONG_HD_IMAGE_TYPE,
                       "type " + std::to_string(static_cast<long>(type))
                           + ": the new disk is dynamic (0) or fixed (1)");
}

VMHardDiskType from_disk_type(vhd::disk_type type) noexcept
{
    switch (type) {
    case vhd::disk_type::fixed: return vmDiskType_FixedSize;
    case vhd::disk_type::differencing: return vmDiskType_Differencing;
    default: return vmDiskType_Dynamic;
    }
}

/// Where the parent is, of a differencing disk.
std::filesystem::path find_parent(const std::filesystem::path& disk)
{
    const vhd::chain_info chain = vhd::read_chain_info(disk);
    // What is wrong beneath the parent is no business of this disk's.
    if (chain.links.size() == 1) throw call_failure(to_hresult(chain.error), chain.message);
    return chain.links[1].path;
}

/// The reference asks for the parent's id and for nothing else, and no disk has
/// its parent's.
void set_parent(const std::filesystem::path& disk, const std::filesystem::path& parent)
{
    try {
        vhd::set_file_parent(disk, parent);
    } catch (const std::system_error& failure) {
        if (failure.code() != vhd::errc::parent_cycle) throw;
        throw call_failure(VM_E_PARENT_CHILD_ID_MISMATCH, failure.what());
    }
}

VARIANT to_decimal(std::uint64_t value) noexcept
{
    VARIANT result{};
    result.vt = VT_DECIMAL;
    result.decVal = DECIMAL();
    result.decVal.Lo64 = value;
    return result;
}

} // namespace

hard_disk_object::hard_disk_object(std::shared_ptr<engine> where, std::filesystem::path path) noexcept
    : engine_(std::move(where)), path_(std::move(path))
{
}

HRESULT hard_disk_object::Compact(IVMTask** task)
{
    // The file is opened here and closed by the task. Were it closed in between,
    // a task still queued could lose it to the next call's check, and what was
    // refused or promised here would not hold any more when the task begins.
    return guarded_get(task, [&]() -> IVMTask* {
        auto store = std::make_unique<vhd::file_store>(path_, vhd::file_access::write);
        require_compactable(*store);
        return new task_object(vhd::compact(*engine_, std::move(store)), engine_);
    });
}

HRESULT hard_disk_object::Convert(BSTR path, VMHardDiskType type, IVMTask** task)
{
    return guarded_get(task, [&] { return copy_to(path, type, /*only_differencing=*/false); });
}

HRESULT hard_disk_object::Merge(IVMTask** task)
{
    return guarded_get(task, [&] {
        vhd::disk_chain chain = open_chain(vhd::chain_access::write_child_pair);
        if (chain.links().size() == 1) throw std::system_error(vhd::errc::not_differencing, path_.string());
        return new task_object(vhd::merge(*engine_, std::move(chain)), engine_);
    });
}

HRESULT hard_disk_object::MergeTo(BSTR path, VMHardDiskType type, IVMTask** task)
{
    return guarded_get(task, [&] {
        // Only of this call is it not E_BAD_PATHNAME.
        if (path != nullptr && SysStringLen(path) == 0) throw call_failure(E_INVALIDARG, "the path is empty");
        return copy_to(path, type, /*only_differencing=*/true);
    });
}

/// Opened here and closed by the task, for the reason that Compact has.
vhd::disk_chain hard_disk_object::open_chain(vhd::chain_access access) const
{
    vhd::disk_chain chain(path_, access);
    require_no_saved_state(chain);
    return chain;
}

IVMTask* hard_disk_object::copy_to(BSTR path, VMHardDiskType type, bool only_differencing) const
{
    const std::filesystem::path target = to_path(path);
    const vhd::disk_type wanted = to_disk_type(type);
    require_new_in_folder(target);
    vhd::disk_chain chain = open_chain(vhd::chain_access::read);
    if (only_differencing && chain.links().size() == 1)
        throw std::system_error(vhd::errc::not_differencing, path_.string());
    return new task_object(start_copying(*engine_, std::move(chain), target, wanted), engine_);
}

HRESULT hard_disk_object::get_File(BSTR* value)
{
    return guarded_get(value, [&] { return _bstr_t(path_.c_str()).Detach(); });
}

HRESULT hard_disk_object::get_Type(VMHardDiskType* value)
{
    return guarded_get(value, [&] { return from_disk_type(read_footer(path_).type); });
}

HRESULT hard_disk_object::get_SizeInGuest(VARIANT* value)
{
    return guarded_get(value, [&] { return to_decimal(read_footer(path_).current_size); });
}

HRESULT hard_disk_object::get_SizeOnHost(VARIANT* value)
{
    return guarded_get(value, [&] { return to_decimal(file_size(path_)); });
}

HRESULT hard_disk_object::get_HostFreeDiskSpace(VARIANT* value)
{
    return guarded_get(value, [&] { return to_decimal(space(path_).available); });
}

HRESULT hard_disk_object::get_Parent(IVMHardDisk** value)
{
    return guarded([&] {
        if (value == nullptr) return E_POINTER;
        *value = nullptr;
        if (read_footer(path_).type != vhd::disk_type::differencing) return S_FALSE;
        *value = new hard_disk_object(engine_, find_parent(path_));
        return S_OK;
    });
}

HRESULT hard_disk_object::put_Parent(IVMHardDisk* parent)
{
    return guarded([&] {
        if (parent == nullptr) return E_POINTER;
        if (read_footer(path_).type != vhd::disk_type::differencing)
            throw std::system_error(vhd::errc::not_differencing, path_.string());
        _bstr_t file;
        if (const HRESULT result = parent->get_File(file.GetAddress()); FAILED(result)) return result;
        set_parent(path_, to_path(file));
        return S_OK;
    });
}

HRESULT hard_disk_object::get_HostDriveIdentifier(BSTR* value)
{
    return guarded([&] {
        if (value == nullptr) return E_POINTER;
        *value = nullptr;
        return S_FALSE;
    });
}

HRESULT hard_disk_object::get_Security(IVMSecurity** value)
{
    return not_there(value);
}

} // namespace vmtask::virtual_server
