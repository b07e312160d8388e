// SPDX-License-Identifier: BSL-1.0

#include <VsComInterfaces.h>

#include "farm.hpp"

#include "support/catch.hpp"

using namespace vmtask;

namespace {

template <class Call>
HRESULT error_of(Call call)
{
    try {
        call();
    } catch (const _com_error& error) {
        return error.Error();
    }
    return S_OK;
}

} // namespace

TEST_CASE("whatever needs a hypervisor is E_NOTIMPL", "[virtual_server][machine]")
{
    const IVMVirtualMachinePtr machine = virtual_server::create_server()->FindVirtualMachine(L"any");
    const IVMGuestOSPtr guest = machine->GuestOS;
    IVMVirtualMachine* const plain = machine;
    using starting = HRESULT (IVMVirtualMachine::*)(IVMTask**);
    for (const starting call : {&IVMVirtualMachine::Startup, &IVMVirtualMachine::Save, &IVMVirtualMachine::TurnOff,
                                &IVMVirtualMachine::Reset, &IVMVirtualMachine::MergeUndoDisks}) {
        CHECK(test::answer_of([&](IVMTask** task) { return (plain->*call)(task); }) == E_NOTIMPL);
        CHECK((plain->*call)(nullptr) == E_POINTER);
    }
    CHECK(test::answer_of([&](IVMTask** task) { return (*guest).Shutdown(task); }) == E_NOTIMPL);
    CHECK((*guest).Shutdown(nullptr) == E_POINTER);
    CHECK((*guest).InstallAdditions() == E_NOTIMPL);
    CHECK(plain->Pause() == E_NOTIMPL);
    CHECK(plain->Resume() == E_NOTIMPL);
    CHECK(plain->DiscardUndoDisks() == E_NOTIMPL);
    CHECK(plain->DiscardSavedState() == E_NOTIMPL);

    VMVMState state = vmVMState_Running;
    CHECK(plain->get_State(&state) == E_NOTIMPL);
    CHECK(state == vmVMState_Invalid);
    CHECK(plain->get_State(nullptr) == E_POINTER);
    CHECK(plain->get_GuestOS(nullptr) == E_POINTER);
}

TEST_CASE("a smart pointer to a machine throws E_NOTIMPL", "[virtual_server][machine]")
{
    const IVMVirtualMachinePtr machine = virtual_server::create_server()->FindVirtualMachine(L"any");

    CHECK(error_of([&] { machine->Startup(); }) == E_NOTIMPL);
    CHECK(error_of([&] { machine->Save(); }) == E_NOTIMPL);
    CHECK(error_of([&] { machine->TurnOff(); }) == E_NOTIMPL);
    CHECK(error_of([&] { machine->Reset(); }) == E_NOTIMPL);
    CHECK(error_of([&] { machine->MergeUndoDisks(); }) == E_NOTIMPL);
    CHECK(error_of([&] { machine->Pause(); }) == E_NOTIMPL);
    CHECK(error_of([&] { machine->Resume(); }) == E_NOTIMPL);
    CHECK(error_of([&] { machine->DiscardUndoDisks(); }) == E_NOTIMPL);
    CHECK(error_of([&] { machine->DiscardSavedState(); }) == E_NOTIMPL);
    CHECK(error_of([&] { (void)machine->GetState(); }) == E_NOTIMPL);
    CHECK(error_of([&] { machine->GetGuestOS()->Shutdown(); }) == E_NOTIMPL);
    CHECK(error_of([&] { machine->GetGuestOS()->InstallAdditions(); }) == E_NOTIMPL);
}

TEST_CASE("what a server cannot do without a hypervisor or Windows is E_NOTIMPL", "[virtual_server][machine]")
{
    const test::farm farm;
    const _bstr_t path = farm.name("disk.vhd");
    IVMVirtualServer* const server = farm.server;

    CHECK(test::answer_of([&](IVMTask** task) {
              return server->CreateHostDriveVirtualHardDisk(path, _bstr_t("/dev/sda"), VARIANT_TRUE, task);
          })
          == E_NOTIMPL);
    CHECK(server->CreateHostDriveVirtualHardDisk(path, path, VARIANT_TRUE, nullptr) == E_POINTER);
    CHECK(error_of([&] { farm.server->CreateHostDriveVirtualHardDisk(path, path, VARIANT_TRUE); }) == E_NOTIMPL);
    IVMVirtualMachine* machine = nullptr;
    CHECK(server->FindVirtualMachine(nullptr, &machine) == E_POINTER);
    CHECK(server->FindVirtualMachine(path, nullptr) == E_POINTER);
    CHECK(farm.engine.tasks().empty());
}

TEST_CASE("states and actions of machines have the reference's numbers", "[virtual_server][machine]")
{
    STATIC_REQUIRE(vmVMState_Invalid == 0);
    STATIC_REQUIRE(vmVMState_TurnedOff == 1);
    STATIC_REQUIRE(vmVMState_Saved == 2);
    STATIC_REQUIRE(vmVMState_TurningOn == 3);
    STATIC_REQUIRE(vmVMState_Restoring == 4);
    STATIC_REQUIRE(vmVMState_Running == 5);
    STATIC_REQUIRE(vmVMState_Paused == 6);
    STATIC_REQUIRE(vmVMState_Saving == 7);
    STATIC_REQUIRE(vmVMState_TurningOff == 8);
    STATIC_REQUIRE(vmVMState_MergingDrives == 9);
    STATIC_REQUIRE(vmVMState_DeleteMachine == 10);
    STATIC_REQUIRE(vmUndoAction_Discard == 0);
    STATIC_REQUIRE(vmUndoAction_Keep == 1);
    STATIC_REQUIRE(vmUndoAction_Commit == 2);
}
