// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/server.hpp>

#include <vmtask/engine.hpp>

#include "com_object.hpp"

#include <memory>

namespace vmtask::virtual_server {

/// IVMVirtualServer over an engine, its own or another's.
class server_object final : public com_object<IVMVirtualServer> {
public:
    explicit server_object(std::shared_ptr<engine> where) noexcept;

    HRESULT GetHardDisk(BSTR path, IVMHardDisk** disk) override;
    HRESULT CreateDynamicVirtualHardDisk(BSTR path, long megabytes, IVMTask** task) override;
    HRESULT CreateFixedVirtualHardDisk(BSTR path, long megabytes, IVMTask** task) override;
    HRESULT CreateDifferencingVirtualHardDisk(BSTR path, BSTR parent, IVMTask** task) override;
    HRESULT CreateHostDriveVirtualHardDisk(BSTR path, BSTR drive, VARIANT_BOOL read_only, IVMTask** task) override;
    HRESULT FindVirtualMachine(BSTR name, IVMVirtualMachine** machine) override;
    HRESULT get_Tasks(IVMTaskCollection** value) override;

private:
    const std::shared_ptr<engine> engine_;
};

} // namespace vmtask::virtual_server
