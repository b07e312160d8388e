// SPDX-License-Identifier: BSL-1.0

#include <VsComInterfaces.h>

#include "disks.hpp"
#include "without_privileges.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"
#include "support/vhd/chain_files.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <vmtask/engine.hpp>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>

using namespace vmtask;
using virtual_server::create_server;

namespace {

HRESULT get_disk(IVMVirtualServer* server, const _bstr_t& path)
{
    IVMHardDisk* disk = nullptr;
    const HRESULT result = server->GetHardDisk(path.GetBSTR(), &disk);
    CHECK((disk != nullptr) == SUCCEEDED(result));
    if (disk != nullptr) disk->Release();
    return result;
}

_bstr_t of_length(std::size_t length)
{
    std::wstring text = L"/";
    while (text.size() < length) text += text.size() % 100 == 0 ? L'/' : L'x';
    return text.c_str();
}

} // namespace

TEST_CASE("a disk is found by its absolute path", "[virtual_server][server]")
{
    const test::temporary_folder folder;
    std::ofstream(folder / "disk.vhd") << "whatever";
    const IVMVirtualServerPtr server = create_server();

    CHECK(get_disk(server, (folder / "disk.vhd").c_str()) == S_OK);
    CHECK(get_disk(server, (folder / "disk.vhd").wstring().c_str()) == S_OK);
}

TEST_CASE("a path that names no file is refused with what is wrong with it", "[virtual_server][server]")
{
    const test::temporary_folder folder;
    std::ofstream(folder / "file") << "whatever";
    const IVMVirtualServerPtr server = create_server();

    CHECK(get_disk(server, L"") == E_BAD_PATHNAME);
    CHECK(get_disk(server, L"disk.vhd") == E_BAD_PATHNAME);
    CHECK(get_disk(server, L"C:\\disks\\disk.vhd") == E_BAD_PATHNAME);
    CHECK(get_disk(server, (folder / "disk.vhd").c_str()) == E_FILE_NOT_FOUND);
    CHECK(get_disk(server, (folder / "missing" / "disk.vhd").c_str()) == E_PATH_NOT_FOUND);
    CHECK(get_disk(server, (folder / "file" / "disk.vhd").c_str()) == E_PATH_NOT_FOUND);
    CHECK(get_disk(server, of_length(5000)) == E_BUFFER_OVERFLOW);
    CHECK(get_disk(server, (folder.path().string() + "/" + std::string(256, 'x')).c_str()) == E_BUFFER_OVERFLOW);
}

TEST_CASE("a path with impossible characters is refused, not cut short", "[virtual_server][server]")
{
    const test::temporary_folder folder;
    std::ofstream(folder / "disk.vhd") << "whatever";
    const IVMVirtualServerPtr server = create_server();
    const std::wstring name = (folder / "disk.vhd").wstring();
    const std::wstring with_zero = name + L'\0' + L"other";

    CHECK(get_disk(server, _bstr_t(SysAllocStringLen(with_zero.data(), static_cast<unsigned>(with_zero.size())), false))
          == E_INVALID_NAME);
    CHECK(get_disk(server, (name + static_cast<wchar_t>(0xD800)).c_str()) == E_INVALID_NAME);
    CHECK(get_disk(server, (name + static_cast<wchar_t>(0x110000)).c_str()) == E_INVALID_NAME);
}

TEST_CASE("a path that may not be searched is E_ACCESSDENIED", "[virtual_server][server]")
{
    const test::temporary_folder folder;
    create_directory(folder / "closed");
    permissions(folder / "closed", std::filesystem::perms::none);
    const IVMVirtualServerPtr server = create_server();

    const test::without_privileges nobody(folder.path());
    CHECK(get_disk(server, (folder / "closed" / "disk.vhd").c_str()) == E_ACCESSDENIED);
}

TEST_CASE("null pointers of a server's caller are E_POINTER", "[virtual_server][server]")
{
    const IVMVirtualServerPtr server = create_server();
    IVMHardDisk* disk = nullptr;

    CHECK(server->GetHardDisk(nullptr, &disk) == E_POINTER);
    CHECK(disk == nullptr);
    CHECK(server->GetHardDisk(_bstr_t("/"), nullptr) == E_POINTER);
}

TEST_CASE("a starting call that fails otherwise is DISP_E_EXCEPTION", "[virtual_server][server]")
{
    const test::chain_files files;
    test::gate gate;
    engine engine({.workers = 1, .queue_limit = 1});
    test::occupy_workers(engine, gate, 1);
    (void)engine.post([](task_context&) {}); // from now on its queue is full
    const IVMVirtualServerPtr server = create_server(engine);
    const IVMHardDiskPtr base = server->GetHardDisk(files.base().c_str());
    const IVMHardDiskPtr top = server->GetHardDisk(files.top().c_str());
    const _bstr_t path((files.folder / "new.vhd").c_str());
    IVMTask* task = nullptr;

    CHECK(base->raw_Compact(&task) == DISP_E_EXCEPTION);
    CHECK(top->raw_Convert(path, vmDiskType_Dynamic, &task) == DISP_E_EXCEPTION);
    CHECK(top->raw_Merge(&task) == DISP_E_EXCEPTION);
    CHECK(top->raw_MergeTo(path, vmDiskType_Dynamic, &task) == DISP_E_EXCEPTION);
    CHECK(server->raw_CreateDynamicVirtualHardDisk(path, 16, &task) == DISP_E_EXCEPTION);
    CHECK(server->raw_CreateFixedVirtualHardDisk(path, 16, &task) == DISP_E_EXCEPTION);
    CHECK(server->raw_CreateDifferencingVirtualHardDisk(path, _bstr_t(files.top().c_str()), &task) == DISP_E_EXCEPTION);
    CHECK(task == nullptr);
    gate.open();
}

TEST_CASE("a server's engine lives as long as the tasks that it runs are held", "[virtual_server][server]")
{
    const test::temporary_folder folder;
    const auto expected = test::make_disk(folder / "disk.vhd");

    const IVMTaskPtr task = create_server()->GetHardDisk((folder / "disk.vhd").c_str())->Compact();
    CHECK(task->WaitForCompletion(-1) == S_OK);

    CHECK(task->Result == vmTaskResult_Success);
    CHECK(test::contents_of(folder / "disk.vhd") == expected);
}

TEST_CASE("letting go of everything stops what runs and leaves the disk whole", "[virtual_server][server]")
{
    const test::temporary_folder folder;
    const auto expected = test::make_disk(folder / "disk.vhd");

    create_server()->GetHardDisk((folder / "disk.vhd").c_str())->Compact();

    // Nobody holds the file any more, however far the task came.
    CHECK(test::contents_of(folder / "disk.vhd") == expected);
}
