// SPDX-License-Identifier: BSL-1.0

#include <VsComInterfaces.h>

#include "disks.hpp"
#include "farm.hpp"
#include "free_space.hpp"
#include "without_privileges.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"
#include "support/vhd/chain_files.hpp"

#include <vmtask/engine.hpp>

#include <cstdint>
#include <filesystem>
#include <string>

using namespace vmtask;
using test::farm;

namespace {

template <class Value>
HRESULT answer(const IVMHardDiskPtr& disk, HRESULT (IVMHardDisk::*getter)(Value*))
{
    Value value{};
    return ((*disk).*getter)(&value);
}

HRESULT error_of_parent(const IVMHardDiskPtr& disk)
{
    IVMHardDisk* parent = nullptr;
    const HRESULT result = disk->get_Parent(&parent);
    CHECK((parent != nullptr) == (result == S_OK));
    if (parent != nullptr) parent->Release();
    return result;
}

/// A chain of three whose middle disk has moved.
struct set_of_disks {
    set_of_disks()
    {
        create_directory(files.folder / "elsewhere");
        rename(files.middle(), moved);
    }

    [[nodiscard]] IVMHardDiskPtr open(const std::filesystem::path& path) const
    {
        return server->GetHardDisk(path.c_str());
    }

    test::chain_files files;
    std::filesystem::path moved = files.folder / "elsewhere" / "moved.vhd";
    IVMVirtualServerPtr server = virtual_server::create_server();
    IVMHardDiskPtr top = open(files.top());
};

} // namespace

TEST_CASE("a disk tells its type", "[virtual_server][properties]")
{
    farm farm;
    test::chain_files chain;
    test::make_disk(farm.folder / "dynamic.vhd", 2);
    farm.make_fixed_disk("fixed.vhd");

    CHECK(farm.disk("dynamic.vhd")->Type == vmDiskType_Dynamic);
    CHECK(farm.disk("fixed.vhd")->Type == vmDiskType_FixedSize);
    CHECK(farm.server->GetHardDisk(chain.top().c_str())->GetType() == vmDiskType_Differencing);
}

TEST_CASE("a disk tells its sizes as decimals", "[virtual_server][properties]")
{
    farm farm;
    test::make_disk(farm.folder / "disk.vhd", 4);
    const IVMHardDiskPtr disk = farm.disk("disk.vhd");

    CHECK(static_cast<std::uint64_t>(disk->SizeInGuest) == 4 * test::block_bytes);
    CHECK(static_cast<std::uint64_t>(disk->SizeOnHost) == file_size(farm.folder / "disk.vhd"));
    const test::free_space left(12'345U * 4096);
    CHECK(static_cast<std::uint64_t>(disk->HostFreeDiskSpace) == 12'345U * 4096);

    const _variant_t size = disk->SizeInGuest;
    CHECK(size.vt == VT_DECIMAL);
    CHECK(size.decVal.Lo64 == 4 * test::block_bytes);
    CHECK(static_cast<double>(disk->GetSizeInGuest()) == 4.0 * test::block_bytes);
    const _bstr_t text = disk->SizeInGuest;
    CHECK(text == L"2097152");
}

TEST_CASE("the size of a disk beyond 4 GiB is exact", "[virtual_server][properties]")
{
    farm farm;
    REQUIRE(test::end_of(farm.server->CreateDynamicVirtualHardDisk(farm.name("disk.vhd"), 2'088'960)) == S_OK);
    const std::uint64_t size = farm.disk("disk.vhd")->SizeInGuest;
    CHECK(size == std::uint64_t{2040} << 30);
}

TEST_CASE("a disk tells its type and sizes while a task works on it", "[virtual_server][properties]")
{
    farm farm;
    test::make_disk(farm.folder / "disk.vhd", 4);
    test::gate gate;
    engine engine({.workers = 1});
    test::occupy_workers(engine, gate, 1);
    const IVMHardDiskPtr disk = virtual_server::create_server(engine)->GetHardDisk(farm.name("disk.vhd"));
    const IVMTaskPtr task = disk->Compact();

    CHECK(disk->Type == vmDiskType_Dynamic);
    CHECK(static_cast<std::uint64_t>(disk->SizeInGuest) == 4 * test::block_bytes);
    CHECK(static_cast<std::uint64_t>(disk->SizeOnHost) > 4 * test::block_bytes);
    CHECK(disk->get_Parent(IVMHardDiskPtr().operator&()) == S_FALSE);
    gate.open();
    task->WaitForCompletion(-1);
    // To tell them has not unlocked it.
    CHECK(task->Result == vmTaskResult_Success);
}

TEST_CASE("a disk that has lost its footer at the end tells its type by the copy", "[virtual_server][properties]")
{
    farm farm;
    test::make_disk(farm.folder / "disk.vhd", 4);
    resize_file(farm.folder / "disk.vhd", file_size(farm.folder / "disk.vhd") - 300);

    CHECK(farm.disk("disk.vhd")->Type == vmDiskType_Dynamic);
}

TEST_CASE("what is no disk has neither type nor size", "[virtual_server][properties]")
{
    farm farm;
    farm.make_file("text", std::string(4096, 'x'));
    farm.make_file("empty", "");
    create_directory(farm.folder / "folder");
    farm.make_file("gone", "");
    const IVMHardDiskPtr gone = farm.disk("gone");
    std::filesystem::remove(farm.folder / "gone");

    for (const char* const name : {"text", "empty", "folder"}) {
        CHECK(answer(farm.disk(name), &IVMHardDisk::get_Type) == VM_E_INVALID_HD_FILE);
        CHECK(answer(farm.disk(name), &IVMHardDisk::get_SizeInGuest) == VM_E_INVALID_HD_FILE);
        CHECK(error_of_parent(farm.disk(name)) == VM_E_INVALID_HD_FILE);
    }
    CHECK(answer(gone, &IVMHardDisk::get_Type) == E_FILE_NOT_FOUND);
    CHECK(answer(gone, &IVMHardDisk::get_SizeOnHost) == E_FILE_NOT_FOUND);
    CHECK(answer(gone, &IVMHardDisk::get_HostFreeDiskSpace) == E_FILE_NOT_FOUND);
}

TEST_CASE("a differencing disk tells its parent, and others that they have none", "[virtual_server][properties]")
{
    const test::chain_files chain;
    const IVMVirtualServerPtr server = virtual_server::create_server();
    const IVMHardDiskPtr top = server->GetHardDisk(chain.top().c_str());

    const IVMHardDiskPtr middle = top->Parent;
    REQUIRE(middle != nullptr);
    CHECK(middle->File == chain.middle().c_str());
    const IVMHardDiskPtr base = middle->GetParent();
    CHECK(base->File == chain.base().c_str());
    CHECK(error_of_parent(base) == S_FALSE);
    CHECK(base->GetParent() == nullptr);
}

TEST_CASE("a parent that is missing, another, or in use is said", "[virtual_server][properties]")
{
    const test::chain_files chain;
    const IVMVirtualServerPtr server = virtual_server::create_server();
    const IVMHardDiskPtr top = server->GetHardDisk(chain.top().c_str());
    {
        const vhd::file_store user(chain.middle(), vhd::file_access::write);
        CHECK(error_of_parent(top) == E_SHARING_VIOLATION);
    }
    std::filesystem::remove(chain.base());
    CHECK(error_of_parent(top) == S_OK); // the base is no business of the top
    std::filesystem::remove(chain.middle());
    CHECK(error_of_parent(top) == VM_E_PARENT_PATH_NOT_FOUND);
    vhd::create_file(chain.middle(), {.size_bytes = 1U << 20});
    CHECK(error_of_parent(top) == VM_E_PARENT_CHILD_ID_MISMATCH);
}

TEST_CASE("a parent that has moved is found when it has been set", "[virtual_server][properties]")
{
    const set_of_disks disks;
    REQUIRE(error_of_parent(disks.top) == VM_E_PARENT_PATH_NOT_FOUND);
    const IVMHardDiskPtr moved = disks.open(disks.moved);

    CHECK(disks.top->put_Parent(moved) == S_OK);
    CHECK(disks.top->GetParent()->File == disks.moved.c_str());
    CHECK_NOTHROW(disks.top->Parent = moved);
    CHECK_NOTHROW(disks.top->PutParent(moved));
    CHECK(disks.top->GetParent()->GetParent()->File == disks.files.base().c_str());
    CHECK(test::contents_of(disks.files.top()) == disks.files.expected);
}

TEST_CASE("a parent is set only if it is the parent", "[virtual_server][properties]")
{
    const set_of_disks disks;
    const IVMHardDiskPtr base = disks.open(disks.files.base());

    CHECK(disks.top->put_Parent(base) == VM_E_PARENT_CHILD_ID_MISMATCH);
    CHECK_THROWS_AS(disks.top->Parent = base, _com_error);
    CHECK(disks.top->put_Parent(disks.top) == VM_E_PARENT_CHILD_ID_MISMATCH);
    CHECK(base->put_Parent(disks.top) == VM_E_WRONG_HD_IMAGE_TYPE);
    CHECK(disks.top->put_Parent(nullptr) == E_POINTER);
    CHECK(error_of_parent(disks.top) == VM_E_PARENT_PATH_NOT_FOUND);
}

TEST_CASE("a parent is set only if both disks can be used", "[virtual_server][properties]")
{
    const set_of_disks disks;
    const IVMHardDiskPtr moved = disks.open(disks.moved);
    {
        const vhd::file_store user(disks.moved, vhd::file_access::write);
        CHECK(disks.top->put_Parent(moved) == E_SHARING_VIOLATION);
    }
    {
        const vhd::file_store user(disks.files.top(), vhd::file_access::read);
        CHECK(disks.top->put_Parent(moved) == E_SHARING_VIOLATION);
    }
    {
        permissions(disks.files.top(), std::filesystem::perms(0444));
        permissions(disks.moved, std::filesystem::perms(0444));
        const test::without_privileges nobody(disks.files.folder.path());
        CHECK(disks.top->put_Parent(moved) == VM_E_FILE_READ_ONLY);
    }
    permissions(disks.files.top(), std::filesystem::perms(0644));
    permissions(disks.moved, std::filesystem::perms(0644));
    std::filesystem::resize_file(disks.moved, 0);
    CHECK(disks.top->put_Parent(moved) == VM_E_INVALID_HD_FILE);
    std::filesystem::remove(disks.moved);
    CHECK(disks.top->put_Parent(moved) == E_FILE_NOT_FOUND);
}

TEST_CASE("the parents of a chain that has moved are set in any order", "[virtual_server][properties]")
{
    const set_of_disks disks;
    const auto base = disks.files.folder / "elsewhere/moved too.vhd";
    rename(disks.files.base(), base);
    const IVMHardDiskPtr moved = disks.open(disks.moved);

    CHECK(disks.top->put_Parent(moved) == S_OK);
    CHECK(error_of_parent(moved) == VM_E_PARENT_PATH_NOT_FOUND);
    CHECK(moved->put_Parent(disks.open(base)) == S_OK);
    CHECK(test::contents_of(disks.files.top()) == disks.files.expected);
}

TEST_CASE("a disk has no host drive, and no access lists", "[virtual_server][properties]")
{
    farm farm;
    farm.make_fixed_disk("disk.vhd");
    const IVMHardDiskPtr disk = farm.disk("disk.vhd");

    BSTR drive = _bstr_t(L"x").GetBSTR();
    CHECK(disk->get_HostDriveIdentifier(&drive) == S_FALSE);
    CHECK(drive == nullptr);
    CHECK(disk->GetHostDriveIdentifier().length() == 0);
    IVMSecurity* security = nullptr;
    CHECK(disk->get_Security(&security) == E_NOTIMPL);
    CHECK_THROWS_AS(disk->GetSecurity(), _com_error);
}

TEST_CASE("null out pointers of a disk's properties are E_POINTER", "[virtual_server][properties]")
{
    farm farm;
    farm.make_fixed_disk("disk.vhd");
    const IVMHardDiskPtr disk = farm.disk("disk.vhd");

    CHECK(disk->get_Type(nullptr) == E_POINTER);
    CHECK(disk->get_SizeInGuest(nullptr) == E_POINTER);
    CHECK(disk->get_SizeOnHost(nullptr) == E_POINTER);
    CHECK(disk->get_HostFreeDiskSpace(nullptr) == E_POINTER);
    CHECK(disk->get_Parent(nullptr) == E_POINTER);
    CHECK(disk->get_HostDriveIdentifier(nullptr) == E_POINTER);
    CHECK(disk->get_Security(nullptr) == E_POINTER);
}

TEST_CASE("types of disks have the reference's numbers", "[virtual_server][properties]")
{
    STATIC_REQUIRE(vmDiskType_Dynamic == 0);
    STATIC_REQUIRE(vmDiskType_FixedSize == 1);
    STATIC_REQUIRE(vmDiskType_Differencing == 2);
    STATIC_REQUIRE(vmDiskType_HostDrive == 4);
}
