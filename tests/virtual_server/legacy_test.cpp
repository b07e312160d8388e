// SPDX-License-Identifier: BSL-1.0

#include "legacy_code.hpp"

#include "disks.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <vmtask/engine.hpp>

#include <filesystem>
#include <string>

using namespace vmtask;
using virtual_server::create_server;

namespace {

HRESULT error_of_compacting(const IVMHardDiskPtr& disk, long seconds)
{
    try {
        CompactWithTimeout(disk, seconds);
    } catch (const _com_error& error) {
        return error.Error();
    }
    return S_OK;
}

} // namespace

TEST_CASE("the function of the reference's page compacts a disk", "[virtual_server][legacy]")
{
    const test::temporary_folder folder;
    const auto path = folder / "disk.vhd";
    const auto expected = test::make_disk(path);
    const auto size_before = file_size(path);
    const IVMVirtualServerPtr server = create_server();

    CompactWithTimeout(server->GetHardDisk(path.c_str()), 60);

    CHECK(file_size(path) + 8 * test::block_bytes < size_before + test::block_bytes);
    CHECK(test::contents_of(path) == expected);
}

TEST_CASE("the function of the reference's page throws what its calls fail with", "[virtual_server][legacy]")
{
    const test::temporary_folder folder;
    test::make_disk(folder / "disk.vhd", 2);
    const IVMVirtualServerPtr server = create_server();
    const IVMHardDiskPtr disk = server->GetHardDisk((folder / "disk.vhd").c_str());

    CHECK(error_of_compacting(nullptr, 60) == E_POINTER);
    CHECK(error_of_compacting(disk, 0) == E_POINTER);

    const vhd::file_store user(folder / "disk.vhd", vhd::file_access::write);
    CHECK(error_of_compacting(disk, 60) == E_SHARING_VIOLATION);
}

TEST_CASE("the function of the reference's page leaves a task behind when the time-out is out of range",
          "[virtual_server][legacy]")
{
    const test::temporary_folder folder;
    test::make_disk(folder / "disk.vhd", 2);
    engine engine;
    const IVMHardDiskPtr disk = create_server(engine)->GetHardDisk((folder / "disk.vhd").c_str());

    CHECK(error_of_compacting(disk, 4001) == E_POINTER);
    CHECK(engine.tasks().size() == 1);
}

TEST_CASE("the function of the reference's page takes a time-out for the end", "[virtual_server][legacy]")
{
    const test::temporary_folder folder;
    test::make_disk(folder / "disk.vhd", 2);
    test::gate gate;
    engine engine({.workers = 1});
    test::occupy_workers(engine, gate, 1);
    const IVMHardDiskPtr disk = create_server(engine)->GetHardDisk((folder / "disk.vhd").c_str());

    CHECK(error_of_compacting(disk, 1) == S_OK);

    CHECK_FALSE(engine.tasks().back().is_complete());
    gate.open();
    CHECK(engine.tasks().back().wait_for_completion(test::patience) == wait_status::completed);
}

TEST_CASE("legacy code uses plain interfaces", "[virtual_server][legacy]")
{
    const test::temporary_folder folder;
    const auto expected = test::make_disk(folder / "disk.vhd");
    const IVMHardDiskPtr disk = create_server()->GetHardDisk((folder / "disk.vhd").c_str());

    VMTaskResult result = vmTaskResult_UnexpectedError;
    CHECK(compact_by_plain_interfaces(disk, &result) == S_OK);

    CHECK(result == vmTaskResult_Success);
    CHECK(test::contents_of(folder / "disk.vhd") == expected);
    std::filesystem::remove(folder / "disk.vhd");
    CHECK(compact_by_plain_interfaces(disk, &result) == E_FILE_NOT_FOUND);
}

TEST_CASE("legacy code uses the header's calls through smart pointers", "[virtual_server][legacy]")
{
    const test::temporary_folder folder;
    const auto expected = test::make_disk(folder / "disk.vhd");
    const IVMHardDiskPtr disk = create_server()->GetHardDisk((folder / "disk.vhd").c_str());

    VMTaskResult result = vmTaskResult_UnexpectedError;
    CHECK(compact_by_mixed_calls(disk, &result) == S_OK);

    CHECK(result == vmTaskResult_Success);
    CHECK(test::contents_of(folder / "disk.vhd") == expected);
    std::filesystem::remove(folder / "disk.vhd");
    CHECK(compact_by_mixed_calls(disk, &result) == E_FILE_NOT_FOUND);
}

TEST_CASE("legacy code uses properties", "[virtual_server][legacy]")
{
    const test::temporary_folder folder;
    const auto path = folder / "disk.vhd";
    const auto expected = test::make_disk(path);

    std::string description;
    CHECK(compact_by_properties(create_server(), path.wstring().c_str(), &description) == vmTaskResult_Success);

    CHECK(description == "compact " + path.string());
    CHECK(test::contents_of(path) == expected);
}

TEST_CASE("legacy code creates a disk and asks what it is", "[virtual_server][legacy]")
{
    const test::temporary_folder folder;
    const auto path = (folder / "disk.vhd").wstring();

    CHECK(create_and_describe(create_server(), path.c_str(), 16) == "16777216 bytes, sparse");
    CHECK_THROWS_AS(create_and_describe(create_server(), path.c_str(), 16), _com_error);
}

TEST_CASE("legacy code lists tasks by index and by enumeration", "[virtual_server][legacy]")
{
    const test::temporary_folder folder;
    const auto path = folder / "disk.vhd";
    const IVMVirtualServerPtr server = create_server();
    create_and_describe(server, path.wstring().c_str(), 16);
    server->GetHardDisk(path.c_str())->Compact()->WaitForCompletion(-1);

    CHECK(list_tasks(server) == "1 create " + path.string() + "\n2 compact " + path.string() + "\n2 ended\n");
}
