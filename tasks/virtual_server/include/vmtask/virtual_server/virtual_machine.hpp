// SPDX-License-Identifier: BSL-1.0
//
// Machines, for code that has to compile. There is no hypervisor here: whatever
// would need one answers E_NOTIMPL.

#pragma once

#include <vmtask/virtual_server/calls.hpp>
#include <vmtask/virtual_server/com_ptr.hpp>
#include <vmtask/virtual_server/hresult.hpp>
#include <vmtask/virtual_server/task.hpp>
#include <vmtask/virtual_server/unknown.hpp>

enum VMVMState {
    vmVMState_Invalid = 0,
    vmVMState_TurnedOff = 1,
    vmVMState_Saved = 2,
    vmVMState_TurningOn = 3,
    vmVMState_Restoring = 4,
    vmVMState_Running = 5,
    vmVMState_Paused = 6,
    vmVMState_Saving = 7,
    vmVMState_TurningOff = 8,
    vmVMState_MergingDrives = 9,
    vmVMState_DeleteMachine = 10,
};

enum VMUndoAction {
    vmUndoAction_Discard = 0,
    vmUndoAction_Keep = 1,
    vmUndoAction_Commit = 2,
};

/// Our own: the reference's are not published.
constexpr IID IID_IVMGuestOS = {0x47d9e3a0, 0xc1b8, 0x4562, {0xbd, 0x07, 0x2f, 0x96, 0x5e, 0x41, 0x0a, 0xc3}};
constexpr IID IID_IVMVirtualMachine = {0x6b18f5cc, 0x3e02, 0x4a79, {0x8d, 0xe4, 0x05, 0xb7, 0x9a, 0x6c, 0xf1, 0x28}};

/// The system inside a machine. All members return E_NOTIMPL, or E_POINTER for a
/// null pointer.
struct IVMGuestOS : IUnknown {
    virtual HRESULT Shutdown(IVMTask** task) = 0;
    virtual HRESULT InstallAdditions() = 0;

protected:
    ~IVMGuestOS() = default;
};

/// A machine. All members return E_NOTIMPL, or E_POINTER for a null pointer, but
/// get_GuestOS, which gives an object of the same kind.
struct IVMVirtualMachine : IUnknown {
    virtual HRESULT Startup(IVMTask** task) = 0;
    virtual HRESULT Save(IVMTask** task) = 0;
    virtual HRESULT TurnOff(IVMTask** task) = 0;
    virtual HRESULT Reset(IVMTask** task) = 0;
    virtual HRESULT MergeUndoDisks(IVMTask** task) = 0;
    virtual HRESULT Pause() = 0;
    virtual HRESULT Resume() = 0;
    virtual HRESULT DiscardUndoDisks() = 0;
    virtual HRESULT DiscardSavedState() = 0;
    virtual HRESULT get_State(VMVMState* value) = 0;
    virtual HRESULT get_GuestOS(IVMGuestOS** value) = 0;

protected:
    ~IVMVirtualMachine() = default;
};

namespace vmtask {
namespace virtual_server {

template <>
struct interface_id<IVMGuestOS> {
    static constexpr IID value() noexcept { return IID_IVMGuestOS; }
};

template <>
struct interface_id<IVMVirtualMachine> {
    static constexpr IID value() noexcept { return IID_IVMVirtualMachine; }
};

/// What `IVMGuestOSPtr::operator->` offers.
template <>
class calls<IVMGuestOS> : public common_calls<IVMGuestOS> {
public:
    calls(IVMGuestOS* guest) noexcept : common_calls(guest) {}
    const calls* operator->() const noexcept { return this; }

    // These throw _com_error.
    IVMTaskPtr Shutdown() const { return fetch(*object_, &IVMGuestOS::Shutdown); }
    HRESULT InstallAdditions() const { return check(object_->InstallAdditions()); }
};

/// What `IVMVirtualMachinePtr::operator->` offers.
template <>
class calls<IVMVirtualMachine> : public common_calls<IVMVirtualMachine> {
public:
    calls(IVMVirtualMachine* machine) noexcept : common_calls(machine), State(machine), GuestOS(machine) {}
    const calls* operator->() const noexcept { return this; }

    // These throw _com_error.
    IVMTaskPtr Startup() const { return fetch(*object_, &IVMVirtualMachine::Startup); }
    IVMTaskPtr Save() const { return fetch(*object_, &IVMVirtualMachine::Save); }
    IVMTaskPtr TurnOff() const { return fetch(*object_, &IVMVirtualMachine::TurnOff); }
    IVMTaskPtr Reset() const { return fetch(*object_, &IVMVirtualMachine::Reset); }
    IVMTaskPtr MergeUndoDisks() const { return fetch(*object_, &IVMVirtualMachine::MergeUndoDisks); }
    HRESULT Pause() const { return check(object_->Pause()); }
    HRESULT Resume() const { return check(object_->Resume()); }
    HRESULT DiscardUndoDisks() const { return check(object_->DiscardUndoDisks()); }
    HRESULT DiscardSavedState() const { return check(object_->DiscardSavedState()); }
    VMVMState GetState() const { return State; }
    _com_ptr_t<IVMGuestOS> GetGuestOS() const { return GuestOS; }

    // Read as values; reading throws _com_error.
    property<IVMVirtualMachine, VMVMState, &IVMVirtualMachine::get_State> State;
    property<IVMVirtualMachine, IVMGuestOS*, &IVMVirtualMachine::get_GuestOS> GuestOS;
};

} // namespace virtual_server
} // namespace vmtask

using IVMGuestOSPtr = _com_ptr_t<IVMGuestOS>;
using IVMVirtualMachinePtr = _com_ptr_t<IVMVirtualMachine>;
