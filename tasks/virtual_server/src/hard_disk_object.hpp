// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/hard_disk.hpp>

#include <vmtask/engine.hpp>
#include <vmtask/vhd/disk_chain.hpp>

#include "com_object.hpp"

#include <filesystem>
#include <memory>

namespace vmtask::virtual_server {

/// IVMHardDisk over a path.
class hard_disk_object final : public com_object<IVMHardDisk> {
public:
    hard_disk_object(std::shared_ptr<engine> where, std::filesystem::path path) noexcept;

    HRESULT Compact(IVMTask** task) override;
    HRESULT Convert(BSTR path, VMHardDiskType type, IVMTask** task) override;
    HRESULT Merge(IVMTask** task) override;
    HRESULT MergeTo(BSTR path, VMHardDiskType type, IVMTask** task) override;
    HRESULT get_File(BSTR* value) override;
    HRESULT get_Type(VMHardDiskType* value) override;
    HRESULT get_SizeInGuest(VARIANT* value) override;
    HRESULT get_SizeOnHost(VARIANT* value) override;
    HRESULT get_HostFreeDiskSpace(VARIANT* value) override;
    HRESULT get_Parent(IVMHardDisk** value) override;
    HRESULT put_Parent(IVMHardDisk* parent) override;
    HRESULT get_HostDriveIdentifier(BSTR* value) override;
    HRESULT get_Security(IVMSecurity** value) override;

private:
    [[nodiscard]] vhd::disk_chain open_chain(vhd::chain_access access) const;
    [[nodiscard]] IVMTask* copy_to(BSTR path, VMHardDiskType type, bool only_differencing) const;

    const std::shared_ptr<engine> engine_;
    const std::filesystem::path path_;
};

} // namespace vmtask::virtual_server
