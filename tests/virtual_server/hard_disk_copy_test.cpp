// SPDX-License-Identifier: BSL-1.0
//
// Convert, and MergeTo, which is the same for differencing disks.

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
#include <vmtask/vhd/info.hpp>

#include <filesystem>
#include <string>

using namespace vmtask;
using test::answer_of;
using test::end_of;
using vhd::disk_type;

namespace {

/// A disk of each kind, of which the last shows what `chain.expected` says.
struct disks : test::farm {
    disks()
    {
        expected = test::make_disk(folder / "dynamic.vhd", 4);
        make_fixed_disk("fixed.vhd");
    }

    IVMHardDiskPtr top() { return server->GetHardDisk(chain.top().c_str()); }

    HRESULT convert(const IVMHardDiskPtr& disk, const _bstr_t& path, VMHardDiskType type = vmDiskType_Dynamic)
    {
        return answer_of([&](IVMTask** task) { return disk->raw_Convert(path.GetBSTR(), type, task); });
    }
    HRESULT merge_to(const IVMHardDiskPtr& disk, const _bstr_t& path, VMHardDiskType type = vmDiskType_Dynamic)
    {
        return answer_of([&](IVMTask** task) { return disk->raw_MergeTo(path.GetBSTR(), type, task); });
    }
    /// The same answer of both.
    HRESULT copy(const _bstr_t& path, VMHardDiskType type = vmDiskType_Dynamic)
    {
        const HRESULT answer = convert(top(), path, type);
        CHECK(merge_to(top(), path, type) == answer);
        return answer;
    }

    test::chain_files chain;
    std::vector<std::byte> expected; // of dynamic.vhd
};

} // namespace

TEST_CASE("Convert makes a disk of the other type, and leaves its source", "[virtual_server][copy]")
{
    disks disks;
    const auto fixed = disks.folder / "to-fixed.vhd";
    CHECK(end_of(disks.disk("dynamic.vhd")->Convert(fixed.c_str(), vmDiskType_FixedSize)) == S_OK);
    CHECK(vhd::read_info(fixed).type == disk_type::fixed);
    CHECK(test::contents_of(fixed) == disks.expected);

    const auto dynamic = disks.folder / "back.vhd";
    CHECK(end_of(disks.disk("to-fixed.vhd")->Convert(dynamic.c_str(), vmDiskType_Dynamic)) == S_OK);
    CHECK(vhd::read_info(dynamic).type == disk_type::dynamic);
    CHECK(test::contents_of(dynamic) == disks.expected);
    CHECK(test::contents_of(disks.folder / "dynamic.vhd") == disks.expected);
}

TEST_CASE("Convert and MergeTo make one disk of a chain, and leave the chain", "[virtual_server][copy]")
{
    disks disks;
    const auto converted = disks.folder / "converted.vhd";
    const auto merged = disks.folder / "merged.vhd";
    CHECK(end_of(disks.top()->Convert(converted.c_str(), vmDiskType_Dynamic)) == S_OK);
    CHECK(end_of(disks.top()->MergeTo(merged.c_str(), vmDiskType_FixedSize)) == S_OK);

    CHECK(vhd::read_info(converted).type == disk_type::dynamic);
    CHECK(vhd::read_info(merged).type == disk_type::fixed);
    CHECK(test::contents_of(converted) == disks.chain.expected);
    CHECK(test::contents_of(merged) == disks.chain.expected);
    CHECK(test::contents_of(disks.chain.top()) == disks.chain.expected);
}

TEST_CASE("MergeTo refuses in the starting call what is not differencing", "[virtual_server][copy]")
{
    disks disks;
    CHECK(disks.merge_to(disks.disk("dynamic.vhd"), disks.name("new.vhd")) == VM_E_WRONG_HD_IMAGE_TYPE);
    CHECK(disks.merge_to(disks.disk("fixed.vhd"), disks.name("new.vhd")) == VM_E_WRONG_HD_IMAGE_TYPE);
    CHECK(disks.engine.tasks().empty());
}

TEST_CASE("a new disk is neither differencing nor of the host", "[virtual_server][copy]")
{
    disks disks;
    CHECK(disks.copy(disks.name("new.vhd"), vmDiskType_Differencing) == VM_E_WRONG_HD_IMAGE_TYPE);
    CHECK(disks.copy(disks.name("new.vhd"), vmDiskType_HostDrive) == VM_E_WRONG_HD_IMAGE_TYPE);
    CHECK(disks.copy(disks.name("new.vhd"), static_cast<VMHardDiskType>(3)) == VM_E_WRONG_HD_IMAGE_TYPE);
    CHECK(disks.engine.tasks().empty());
}

TEST_CASE("an empty path is E_BAD_PATHNAME for Convert and E_INVALIDARG for MergeTo", "[virtual_server][copy]")
{
    disks disks;
    CHECK(disks.convert(disks.top(), L"") == E_BAD_PATHNAME);
    CHECK(disks.merge_to(disks.top(), L"") == E_INVALIDARG);
}

TEST_CASE("a path that can name no copy is refused in the starting call", "[virtual_server][copy]")
{
    disks disks;
    const wchar_t surrogate[] = {L'/', 0xD800, 0};
    CHECK(disks.copy(L"new.vhd") == E_BAD_PATHNAME);
    CHECK(disks.copy(surrogate) == E_INVALID_NAME);
    CHECK(disks.copy(disks.name(std::string(256, 'x'))) == E_BUFFER_OVERFLOW);
    CHECK(disks.copy(disks.name("missing/new.vhd")) == E_PATH_NOT_FOUND);
    CHECK(disks.copy(disks.name("fixed.vhd/new.vhd")) == E_PATH_NOT_FOUND);
    CHECK(disks.copy(disks.name("fixed.vhd")) == E_ALREADY_EXISTS);
    CHECK(disks.copy(disks.chain.top().c_str()) == E_ALREADY_EXISTS);
    CHECK(disks.engine.tasks().empty());
}

TEST_CASE("a folder in which no copy can be made is E_ACCESSDENIED", "[virtual_server][copy]")
{
    disks disks;
    create_directory(disks.folder / "closed");
    permissions(disks.folder / "closed", std::filesystem::perms(0555));
    permissions(disks.chain.folder.path(), std::filesystem::perms(0755));

    const test::without_privileges nobody(disks.folder.path());
    CHECK(disks.copy(disks.name("closed/new.vhd")) == E_ACCESSDENIED);
}

TEST_CASE("a copy that there is no space for is E_DISK_FULL in the starting call", "[virtual_server][copy]")
{
    disks disks;
    {
        const test::free_space left((8U << 20) - 4096);
        CHECK(disks.copy(disks.name("new.vhd")) == E_DISK_FULL);
    }
    const test::free_space left(test::chain_disk_size);
    CHECK(disks.copy(disks.name("new.vhd"), vmDiskType_FixedSize) == E_DISK_FULL);
}

TEST_CASE("Convert and MergeTo refuse in the starting call a chain that is in use", "[virtual_server][copy]")
{
    disks disks;
    for (const auto& path : {disks.chain.top(), disks.chain.middle(), disks.chain.base()}) {
        const vhd::file_store user(path, vhd::file_access::write);
        CHECK(disks.copy(disks.name("new.vhd")) == E_SHARING_VIOLATION);
    }
    const vhd::file_store reader(disks.chain.top(), vhd::file_access::read);
    CHECK(disks.convert(disks.top(), disks.name("new.vhd")) == S_OK);
}

TEST_CASE("Convert and MergeTo refuse in the starting call a disk of a saved state", "[virtual_server][copy]")
{
    disks disks;
    disks.save_state("dynamic.vhd");
    CHECK(disks.convert(disks.disk("dynamic.vhd"), disks.name("new.vhd")) == E_SHARING_VIOLATION);
    disks.save_state(disks.chain.top());
    CHECK(disks.copy(disks.name("new.vhd")) == E_SHARING_VIOLATION);
}

TEST_CASE("Convert and MergeTo refuse in the starting call a chain that is not whole", "[virtual_server][copy]")
{
    disks disks;
    disks.make_file("text", std::string(4096, 'x'));
    CHECK(disks.convert(disks.disk("text"), disks.name("new.vhd")) == VM_E_INVALID_HD_FILE);
    CHECK(disks.merge_to(disks.disk("text"), disks.name("new.vhd")) == VM_E_INVALID_HD_FILE);
    const IVMHardDiskPtr top = disks.top();

    std::filesystem::remove(disks.chain.base());
    CHECK(disks.copy(disks.name("new.vhd")) == VM_E_PARENT_PATH_NOT_FOUND);
    vhd::create_file(disks.chain.base(), {.size_bytes = 1U << 20});
    CHECK(disks.copy(disks.name("new.vhd")) == VM_E_PARENT_CHILD_ID_MISMATCH);
    std::filesystem::remove(disks.chain.top());
    CHECK(disks.convert(top, disks.name("new.vhd")) == E_FILE_NOT_FOUND);
    CHECK(disks.merge_to(top, disks.name("new.vhd")) == E_FILE_NOT_FOUND);
    CHECK(disks.engine.tasks().empty());
}

TEST_CASE("no copy is started once the engine shuts down", "[virtual_server][copy]")
{
    disks disks;
    disks.engine.shutdown(shutdown_mode::drain);

    CHECK(disks.copy(disks.name("new.vhd")) == VM_E_APP_SHUTTING_DOWN);
    CHECK_NOTHROW(vhd::file_store(disks.chain.top(), vhd::file_access::write));
}

TEST_CASE("a chain is locked from the starting call of a copy to its end", "[virtual_server][copy]")
{
    disks disks;
    test::gate gate;
    engine engine({.workers = 1});
    test::occupy_workers(engine, gate, 1);
    const IVMVirtualServerPtr server = virtual_server::create_server(engine);
    const IVMTask2Ptr task =
        server->GetHardDisk(disks.chain.top().c_str())->MergeTo(disks.name("new.vhd"), vmDiskType_Dynamic);

    CHECK(answer_of([&](IVMTask** merge) { return disks.top()->raw_Merge(merge); }) == E_SHARING_VIOLATION);
    disks.make_file("new.vhd", "somebody else's");
    gate.open();

    CHECK(end_of(task) == E_ALREADY_EXISTS);
    CHECK_NOTHROW(vhd::file_store(disks.chain.base(), vhd::file_access::write));
}

TEST_CASE("a cancelled copy leaves no disk", "[virtual_server][copy]")
{
    disks disks;
    test::gate gate;
    engine engine({.workers = 1});
    test::occupy_workers(engine, gate, 1);
    const IVMVirtualServerPtr server = virtual_server::create_server(engine);
    const IVMTask2Ptr task =
        server->GetHardDisk(disks.name("dynamic.vhd"))->Convert(disks.name("new.vhd"), vmDiskType_FixedSize);

    CHECK(task->Cancel() == S_OK);
    CHECK(end_of(task) == E_ABORT);
    CHECK_FALSE(exists(disks.folder / "new.vhd"));
    CHECK_NOTHROW(vhd::file_store(disks.folder / "dynamic.vhd", vhd::file_access::write));
    gate.open();
}

TEST_CASE("null pointers of Convert and MergeTo are E_POINTER", "[virtual_server][copy]")
{
    disks disks;
    const _bstr_t path = disks.name("new.vhd");
    IVMTask* task = nullptr;

    CHECK(disks.top()->raw_Convert(nullptr, vmDiskType_Dynamic, &task) == E_POINTER);
    CHECK(disks.top()->raw_Convert(path, vmDiskType_Dynamic, nullptr) == E_POINTER);
    CHECK(disks.top()->raw_MergeTo(nullptr, vmDiskType_Dynamic, &task) == E_POINTER);
    CHECK(disks.top()->raw_MergeTo(path, vmDiskType_Dynamic, nullptr) == E_POINTER);
    CHECK(disks.engine.tasks().empty());
}
