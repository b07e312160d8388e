// SPDX-License-Identifier: BSL-1.0

#include <VsComInterfaces.h>

#include "disks.hpp"
#include "farm.hpp"
#include "free_space.hpp"
#include "without_privileges.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"
#include "support/vhd/file_size_limit.hpp"

#include <vmtask/engine.hpp>
#include <vmtask/vhd/info.hpp>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>

using namespace vmtask;
using Catch::Matchers::ContainsSubstring;
using test::end_of;
using vhd::disk_type;

namespace {

struct farm : test::farm {
    /// What the three starting calls answer.
    HRESULT create_dynamic(const _bstr_t& path, long size = 16)
    {
        return test::answer_of(
            [&](IVMTask** task) { return server->raw_CreateDynamicVirtualHardDisk(path.GetBSTR(), size, task); });
    }
    HRESULT create_fixed(const _bstr_t& path, long size = 16)
    {
        return test::answer_of(
            [&](IVMTask** task) { return server->raw_CreateFixedVirtualHardDisk(path.GetBSTR(), size, task); });
    }
    HRESULT create_child(const _bstr_t& path, const _bstr_t& parent)
    {
        return test::answer_of([&](IVMTask** task) {
            return server->raw_CreateDifferencingVirtualHardDisk(path.GetBSTR(), parent.GetBSTR(), task);
        });
    }

    /// The same answer of all three.
    HRESULT create(const _bstr_t& path)
    {
        if (!exists(folder / "parent.vhd")) make_fixed_disk("parent.vhd");
        const HRESULT answer = create_dynamic(path);
        CHECK(create_fixed(path) == answer);
        CHECK(create_child(path, name("parent.vhd")) == answer);
        return answer;
    }
};

} // namespace

TEST_CASE("disks are created in the size and of the type asked for", "[virtual_server][create]")
{
    farm farm;
    CHECK(end_of(farm.server->CreateDynamicVirtualHardDisk(farm.name("dynamic.vhd"), 16)) == S_OK);
    CHECK(end_of(farm.server->CreateFixedVirtualHardDisk(farm.name("fixed.vhd"), 3)) == S_OK);

    const vhd::image_info dynamic = vhd::read_info(farm.folder / "dynamic.vhd");
    CHECK(dynamic.type == disk_type::dynamic);
    CHECK(dynamic.virtual_size == 16U << 20);
    const vhd::image_info fixed = vhd::read_info(farm.folder / "fixed.vhd");
    CHECK(fixed.type == disk_type::fixed);
    CHECK(fixed.virtual_size == 3U << 20);
    CHECK(fixed.allocated_on_host >= fixed.virtual_size);
}

TEST_CASE("a differencing disk shows its parent, and either path may be relative", "[virtual_server][create]")
{
    farm farm;
    create_directory(farm.folder / "children");
    const auto expected = test::make_disk(farm.folder / "parent.vhd", 4);

    const auto create = [&](const _bstr_t& path, const _bstr_t& parent) {
        return end_of(farm.server->CreateDifferencingVirtualHardDisk(path, parent));
    };
    CHECK(create(farm.name("children/a.vhd"), farm.name("parent.vhd")) == S_OK);
    CHECK(create(farm.name("children/b.vhd"), L"../parent.vhd") == S_OK);
    CHECK(create(L"children/c.vhd", farm.name("parent.vhd")) == S_OK);

    for (const char* const child : {"children/a.vhd", "children/b.vhd", "children/c.vhd"}) {
        CHECK(vhd::read_info(farm.folder / child).type == disk_type::differencing);
        CHECK(test::contents_of(farm.folder / child) == expected);
    }
}

TEST_CASE("a missing folder is made for a new disk", "[virtual_server][create]")
{
    farm farm;
    farm.make_fixed_disk("parent.vhd");
    CHECK(farm.create_dynamic(farm.name("a/b/dynamic.vhd")) == S_OK);
    CHECK(farm.create_fixed(farm.name("c/fixed.vhd")) == S_OK);
    CHECK(farm.create_child(farm.name("d/child.vhd"), farm.name("parent.vhd")) == S_OK);

    for (const char* const path : {"a/b/dynamic.vhd", "c/fixed.vhd", "d/child.vhd"}) CHECK(exists(farm.folder / path));
}

TEST_CASE("a path that can name no new disk is refused in the starting call", "[virtual_server][create]")
{
    farm farm;
    farm.make_file("file", "whatever");
    create_symlink("nowhere", farm.folder / "link");

    CHECK(farm.create(L"") == E_BAD_PATHNAME);
    CHECK(farm.create_dynamic(L"disk.vhd") == E_BAD_PATHNAME);
    CHECK(farm.create_fixed(L"C:\\disk.vhd") == E_BAD_PATHNAME);
    CHECK(farm.create_child(L"disk.vhd", L"parent.vhd") == E_BAD_PATHNAME);
    CHECK(farm.create(farm.name("new/")) == E_BAD_PATHNAME);
    const wchar_t surrogate[] = {L'/', 0xD800, 0};
    CHECK(farm.create(surrogate) == E_INVALID_NAME);
    CHECK(farm.create(farm.name(std::string(256, 'x'))) == E_BUFFER_OVERFLOW);
    CHECK(farm.create(farm.name("missing/" + std::string(5000, 'x'))) == E_BUFFER_OVERFLOW);
    CHECK(farm.create(farm.name("file")) == E_ALREADY_EXISTS);
    CHECK(farm.create(farm.name("link")) == E_ALREADY_EXISTS);
    CHECK(farm.create(farm.folder.path().c_str()) == E_ALREADY_EXISTS);
    CHECK(farm.create(farm.name("file/disk.vhd")) == E_PATH_NOT_FOUND);
    CHECK(farm.create(farm.name("file/folder/disk.vhd")) == E_PATH_NOT_FOUND);
    CHECK(farm.engine.tasks().empty());
}

TEST_CASE("a folder in which nothing can be made is E_ACCESSDENIED", "[virtual_server][create]")
{
    farm farm;
    farm.make_fixed_disk("parent.vhd");
    create_directory(farm.folder / "closed");
    permissions(farm.folder / "closed", std::filesystem::perms(0555));

    const test::without_privileges nobody(farm.folder.path());
    CHECK(farm.create(farm.name("closed/disk.vhd")) == E_ACCESSDENIED);
    CHECK(farm.create(farm.name("closed/folder/disk.vhd")) == E_ACCESSDENIED);
}

TEST_CASE("a size that no disk has is refused in the starting call", "[virtual_server][create]")
{
    farm farm;
    const _bstr_t path = farm.name("disk.vhd");
    const auto create = [&](long size) {
        const HRESULT answer = farm.create_dynamic(path, size);
        CHECK(farm.create_fixed(path, size) == answer);
        return answer;
    };

    CHECK(create(0) == E_INVALIDARG);
    CHECK(create(-1) == E_INVALIDARG);
    CHECK(create(std::numeric_limits<long>::min()) == E_INVALIDARG);
    CHECK(create(1) == VM_E_IMAGE_SIZE_TOO_SMALL);
    CHECK(create(2) == VM_E_IMAGE_SIZE_TOO_SMALL);
    CHECK(create(2'088'961) == VM_E_IMAGE_SIZE_TOO_LARGE);
    CHECK(create(std::numeric_limits<long>::max()) == VM_E_IMAGE_SIZE_TOO_LARGE);
    CHECK(farm.engine.tasks().empty());
}

TEST_CASE("the largest and the smallest disk can be created", "[virtual_server][create]")
{
    farm farm;
    CHECK(farm.create_dynamic(farm.name("large.vhd"), 2'088'960) == S_OK);
    CHECK(vhd::read_info(farm.folder / "large.vhd").virtual_size == std::uint64_t{2040} << 30);
    CHECK(farm.create_dynamic(farm.name("small.vhd"), 3) == S_OK);
}

TEST_CASE("a disk that there is no space for is E_DISK_FULL in the starting call", "[virtual_server][create]")
{
    farm farm;
    {
        const test::free_space left((8U << 20) - 4096);
        CHECK(farm.create(farm.name("disk.vhd")) == E_DISK_FULL);
        CHECK(farm.create(farm.name("folder/disk.vhd")) == E_DISK_FULL);
    }
    const test::free_space left(8U << 20);
    CHECK(farm.create_dynamic(farm.name("dynamic.vhd"), 16) == S_OK);
    CHECK(farm.create_child(farm.name("child.vhd"), farm.name("parent.vhd")) == S_OK);
    CHECK(farm.create_fixed(farm.name("fixed.vhd"), 8) == E_DISK_FULL);
    CHECK(farm.create_fixed(farm.name("fixed.vhd"), 7) == S_OK);
    CHECK_FALSE(exists(farm.folder / "folder"));
}

TEST_CASE("a disk that could become longer than files can is refused in the starting call", "[virtual_server][create]")
{
    farm farm;
    const test::file_size_limit limit(16U << 20);

    CHECK(farm.create_fixed(farm.name("disk.vhd"), 16) == VM_E_FILE_TOO_LARGE_FOR_VOLUME);
    CHECK(farm.create_dynamic(farm.name("disk.vhd"), 16) == VM_E_FILE_TOO_LARGE_FOR_VOLUME);
    CHECK(farm.create_fixed(farm.name("fixed.vhd"), 15) == S_OK);
    CHECK(farm.create_dynamic(farm.name("dynamic.vhd"), 15) == S_OK);
}

TEST_CASE("a parent that is none is refused in the starting call", "[virtual_server][create]")
{
    farm farm;
    farm.make_file("text", std::string(4096, 'x'));
    farm.make_fixed_disk("base.vhd");
    const auto create = [&farm](const char* parent) {
        return farm.create_child(farm.name("child.vhd"), farm.name(parent));
    };
    CHECK(create("missing.vhd") == E_PATH_NOT_FOUND);
    CHECK(create("text") == VM_E_INVALID_HD_FILE);
    {
        const vhd::file_store user(farm.folder / "base.vhd", vhd::file_access::write);
        CHECK(create("base.vhd") == E_SHARING_VIOLATION);
    }
    CHECK(farm.create_child(farm.name("middle.vhd"), farm.name("base.vhd")) == S_OK);
    std::filesystem::remove(farm.folder / "base.vhd");
    CHECK(create("middle.vhd") == VM_E_PARENT_PATH_NOT_FOUND);
    farm.make_fixed_disk("base.vhd");
    CHECK(create("middle.vhd") == VM_E_PARENT_CHILD_ID_MISMATCH);
    CHECK_FALSE(exists(farm.folder / "child.vhd"));
}

TEST_CASE("nothing is created, and no folder is left, once the engine shuts down", "[virtual_server][create]")
{
    farm farm;
    farm.make_fixed_disk("parent.vhd");
    farm.engine.shutdown(shutdown_mode::drain);

    CHECK(farm.create(farm.name("a/b/disk.vhd")) == VM_E_APP_SHUTTING_DOWN);
    CHECK_FALSE(exists(farm.folder / "a"));
}

TEST_CASE("what happens after the starting call is in the task", "[virtual_server][create]")
{
    farm farm;
    test::gate gate;
    engine engine({.workers = 1});
    test::occupy_workers(engine, gate, 1);
    const IVMVirtualServerPtr server = virtual_server::create_server(engine);
    const IVMTask2Ptr task = server->CreateDynamicVirtualHardDisk(farm.name("disk.vhd"), 16);

    farm.make_file("disk.vhd", "somebody else's");
    gate.open();

    CHECK(end_of(task) == E_ALREADY_EXISTS);
    CHECK(task->Result == vmTaskResult_DiskRelatedError);
    CHECK_THAT(static_cast<const char*>(task->GetErrorDescription()),
               ContainsSubstring((farm.folder / "disk.vhd").string()));
    CHECK(file_size(farm.folder / "disk.vhd") == 15);
}

TEST_CASE("a disk that outgrows its file system later fails in the task", "[virtual_server][create]")
{
    farm farm;
    test::gate gate;
    engine engine({.workers = 1});
    test::occupy_workers(engine, gate, 1);
    const IVMVirtualServerPtr server = virtual_server::create_server(engine);
    const IVMTask2Ptr task = server->CreateFixedVirtualHardDisk(farm.name("disk.vhd"), 16);

    const test::file_size_limit limit(1U << 20);
    gate.open();

    CHECK(end_of(task) == VM_E_FILE_TOO_LARGE_FOR_VOLUME);
    CHECK(task->Result == vmTaskResult_DiskRelatedError);
    CHECK_FALSE(exists(farm.folder / "disk.vhd"));
}

TEST_CASE("a cancelled create leaves no disk", "[virtual_server][create]")
{
    farm farm;
    test::gate gate;
    engine engine({.workers = 1});
    test::occupy_workers(engine, gate, 1);
    const IVMVirtualServerPtr server = virtual_server::create_server(engine);
    const IVMTask2Ptr task = server->CreateDynamicVirtualHardDisk(farm.name("disk.vhd"), 16);

    CHECK(task->Cancel() == S_OK);
    CHECK(end_of(task) == E_ABORT);
    CHECK(task->Result == vmTaskResult_Cancelled);
    CHECK_FALSE(exists(farm.folder / "disk.vhd"));
    gate.open();
}

TEST_CASE("null pointers of who creates a disk are E_POINTER", "[virtual_server][create]")
{
    farm farm;
    const _bstr_t path = farm.name("disk.vhd");
    IVMTask* task = nullptr;

    CHECK(farm.server->raw_CreateDynamicVirtualHardDisk(nullptr, 16, &task) == E_POINTER);
    CHECK(farm.server->raw_CreateDynamicVirtualHardDisk(path, 16, nullptr) == E_POINTER);
    CHECK(farm.server->raw_CreateFixedVirtualHardDisk(nullptr, 16, &task) == E_POINTER);
    CHECK(farm.server->raw_CreateFixedVirtualHardDisk(path, 16, nullptr) == E_POINTER);
    CHECK(farm.server->raw_CreateDifferencingVirtualHardDisk(nullptr, path, &task) == E_POINTER);
    CHECK(farm.server->raw_CreateDifferencingVirtualHardDisk(path, nullptr, &task) == E_POINTER);
    CHECK(farm.server->raw_CreateDifferencingVirtualHardDisk(path, path, nullptr) == E_POINTER);
    CHECK(task == nullptr);
    CHECK(farm.engine.tasks().empty());
}

TEST_CASE("what a create throws names the file and the reason", "[virtual_server][create]")
{
    farm farm;
    farm.make_file("disk.vhd", "whatever");
    try {
        farm.server->CreateDynamicVirtualHardDisk(farm.name("disk.vhd"), 16);
        FAIL("it was not refused");
    } catch (const _com_error& error) {
        CHECK(error.Error() == E_ALREADY_EXISTS);
        CHECK_THAT(static_cast<const char*>(error.Description()),
                   ContainsSubstring((farm.folder / "disk.vhd").string()) && ContainsSubstring("another name"));
    }
}
