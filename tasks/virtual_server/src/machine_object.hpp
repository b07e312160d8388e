// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/virtual_machine.hpp>

#include "com_object.hpp"

namespace vmtask::virtual_server {

/// IVMVirtualMachine without a machine behind it.
class machine_object final : public com_object<IVMVirtualMachine> {
public:
    HRESULT Startup(IVMTask** task) override;
    HRESULT Save(IVMTask** task) override;
    HRESULT TurnOff(IVMTask** task) override;
    HRESULT Reset(IVMTask** task) override;
    HRESULT MergeUndoDisks(IVMTask** task) override;
    HRESULT Pause() override;
    HRESULT Resume() override;
    HRESULT DiscardUndoDisks() override;
    HRESULT DiscardSavedState() override;
    HRESULT get_State(VMVMState* value) override;
    HRESULT get_GuestOS(IVMGuestOS** value) override;
};

/// IVMGuestOS without a guest.
class guest_object final : public com_object<IVMGuestOS> {
public:
    HRESULT Shutdown(IVMTask** task) override;
    HRESULT InstallAdditions() override;
};

} // namespace vmtask::virtual_server
