// SPDX-License-Identifier: BSL-1.0

#include "machine_object.hpp"

#include "guarded_call.hpp"

namespace vmtask::virtual_server {

HRESULT machine_object::Startup(IVMTask** task)
{
    return not_there(task);
}

HRESULT machine_object::Save(IVMTask** task)
{
    return not_there(task);
}

HRESULT machine_object::TurnOff(IVMTask** task)
{
    return not_there(task);
}

HRESULT machine_object::Reset(IVMTask** task)
{
    return not_there(task);
}

HRESULT machine_object::MergeUndoDisks(IVMTask** task)
{
    return not_there(task);
}

HRESULT machine_object::Pause()
{
    return not_there();
}

HRESULT machine_object::Resume()
{
    return not_there();
}

HRESULT machine_object::DiscardUndoDisks()
{
    return not_there();
}

HRESULT machine_object::DiscardSavedState()
{
    return not_there();
}

HRESULT machine_object::get_State(VMVMState* value)
{
    return guarded([&] {
        if (value == nullptr) return E_POINTER;
        *value = vmVMState_Invalid;
        return E_NOTIMPL;
    });
}

HRESULT machine_object::get_GuestOS(IVMGuestOS** value)
{
    return guarded_get(value, [] { return new guest_object; });
}

HRESULT guest_object::Shutdown(IVMTask** task)
{
    return not_there(task);
}

HRESULT guest_object::InstallAdditions()
{
    return not_there();
}

} // namespace vmtask::virtual_server
