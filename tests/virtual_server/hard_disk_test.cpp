// SPDX-License-Identifier: BSL-1.0

#include <VsComInterfaces.h>

#include "disks.hpp"
#include "farm.hpp"
#include "without_privileges.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <vmtask/engine.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/footer.hpp>

#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

using namespace vmtask;
using Catch::Matchers::ContainsSubstring;
using virtual_server::create_server;

namespace {

struct farm : test::farm {
    /// What the starting call answers.
    HRESULT compact(const std::string& name)
    {
        return test::answer_of([this, &name](IVMTask** task) { return disk(name)->raw_Compact(task); });
    }
};

} // namespace

TEST_CASE("Compact makes the file smaller and changes nothing for the guest", "[virtual_server][disk]")
{
    farm farm;
    const auto path = farm.folder / "disk.vhd";
    const auto expected = test::make_disk(path);
    const auto size_before = file_size(path);

    const IVMTaskPtr task = farm.disk("disk.vhd")->Compact();
    REQUIRE(task->WaitForCompletion(-1) == S_OK);

    CHECK(task->Result == vmTaskResult_Success);
    CHECK(task->PercentCompleted == 100);
    CHECK(file_size(path) < size_before - 7 * test::block_bytes);
    CHECK(test::contents_of(path) == expected);
}

TEST_CASE("Compact refuses in the starting call what is no sound image", "[virtual_server][disk]")
{
    farm farm;
    farm.make_file("text", std::string(4096, 'x'));
    farm.make_file("empty", "");
    farm.make_file("short", "conectix");
    create_directory(farm.folder / "folder");
    test::make_disk(farm.folder / "cut.vhd", 2);
    resize_file(farm.folder / "cut.vhd", 2048);
    REQUIRE(::mkfifo((farm.folder / "pipe").c_str(), 0600) == 0);

    CHECK(farm.compact("text") == VM_E_INVALID_HD_FILE);
    CHECK(farm.compact("empty") == VM_E_INVALID_HD_FILE);
    CHECK(farm.compact("short") == VM_E_INVALID_HD_FILE);
    CHECK(farm.compact("folder") == VM_E_INVALID_HD_FILE);
    CHECK(farm.compact("cut.vhd") == VM_E_INVALID_HD_FILE);
    CHECK(farm.compact("pipe") == VM_E_INVALID_HD_FILE);
    CHECK(farm.engine.tasks().empty());
}

TEST_CASE("Compact refuses in the starting call what is not dynamic", "[virtual_server][disk]")
{
    farm farm;
    farm.make_fixed_disk("fixed.vhd");
    test::make_disk(farm.folder / "child.vhd", 2);
    farm.change_footer("child.vhd", [](vhd::disk_footer& footer) { footer.type = vhd::disk_type::differencing; });

    CHECK(farm.compact("fixed.vhd") == VM_E_WRONG_HD_IMAGE_TYPE);
    CHECK(farm.compact("child.vhd") == VM_E_WRONG_HD_IMAGE_TYPE);
    CHECK(farm.engine.tasks().empty());
}

TEST_CASE("Compact refuses in the starting call a disk that is in use", "[virtual_server][disk]")
{
    farm farm;
    test::make_disk(farm.folder / "disk.vhd", 2);
    {
        const vhd::file_store user(farm.folder / "disk.vhd", vhd::file_access::read);
        CHECK(farm.compact("disk.vhd") == E_SHARING_VIOLATION);
    }
    CHECK(farm.compact("disk.vhd") == S_OK);
}

TEST_CASE("Compact refuses in the starting call a disk of a saved state", "[virtual_server][disk]")
{
    farm farm;
    test::make_disk(farm.folder / "disk.vhd", 2);
    farm.save_state("disk.vhd");

    CHECK(farm.compact("disk.vhd") == E_SHARING_VIOLATION);
}

TEST_CASE("Compact refuses in the starting call what it may not write", "[virtual_server][disk]")
{
    farm farm;
    test::make_disk(farm.folder / "disk.vhd", 2);
    const IVMHardDiskPtr disk = farm.disk("disk.vhd");
    IVMTask* task = nullptr;

    const auto answer_for = [&](unsigned permitted) {
        permissions(farm.folder / "disk.vhd", std::filesystem::perms(permitted));
        const test::without_privileges nobody(farm.folder.path());
        return disk->raw_Compact(&task);
    };

    CHECK(answer_for(0444) == VM_E_FILE_READ_ONLY);
    CHECK(answer_for(::geteuid() == 0 ? 0644 : 0444) == VM_E_FILE_READ_ONLY);
    CHECK(answer_for(::geteuid() == 0 ? 0600 : 0200) == E_ACCESSDENIED);
}

TEST_CASE("Compact refuses in the starting call a file that is gone", "[virtual_server][disk]")
{
    farm farm;
    test::make_disk(farm.folder / "disk.vhd", 2);
    const IVMHardDiskPtr disk = farm.disk("disk.vhd");
    std::filesystem::remove(farm.folder / "disk.vhd");

    IVMTask* task = nullptr;
    CHECK(disk->raw_Compact(&task) == E_FILE_NOT_FOUND);
    CHECK(task == nullptr);
}

TEST_CASE("nothing is started once the engine shuts down", "[virtual_server][disk]")
{
    farm farm;
    test::make_disk(farm.folder / "disk.vhd", 2);
    farm.engine.shutdown(shutdown_mode::drain);

    CHECK(farm.compact("disk.vhd") == VM_E_APP_SHUTTING_DOWN);
    // The refused call has not kept the file.
    CHECK_NOTHROW(vhd::file_store(farm.folder / "disk.vhd", vhd::file_access::write));
}

TEST_CASE("a disk is locked from the starting call to the end of the task", "[virtual_server][disk]")
{
    test::temporary_folder folder;
    test::make_disk(folder / "disk.vhd", 2);
    test::gate gate;
    engine engine({.workers = 1});
    test::occupy_workers(engine, gate, 1);
    const IVMHardDiskPtr disk = create_server(engine)->GetHardDisk((folder / "disk.vhd").c_str());

    const IVMTaskPtr queued = disk->Compact();
    IVMTask* second = nullptr;
    CHECK(disk->raw_Compact(&second) == E_SHARING_VIOLATION);

    gate.open();
    CHECK(queued->WaitForCompletion(-1) == S_OK);
    CHECK(queued->Result == vmTaskResult_Success);
    CHECK(disk->Compact()->WaitForCompletion(-1) == S_OK);
}

TEST_CASE("a cancelled Compact lets go of its disk, which is whole", "[virtual_server][disk]")
{
    test::temporary_folder folder;
    const auto expected = test::make_disk(folder / "disk.vhd");
    test::gate gate;
    engine engine({.workers = 1});
    test::occupy_workers(engine, gate, 1);
    const IVMHardDiskPtr disk = create_server(engine)->GetHardDisk((folder / "disk.vhd").c_str());

    const IVMTaskPtr task = disk->Compact();
    CHECK(task->Cancel() == S_OK);
    CHECK(task->WaitForCompletion(-1) == S_OK);

    CHECK(task->Result == vmTaskResult_Cancelled);
    CHECK(test::contents_of(folder / "disk.vhd") == expected);
    gate.open();
}

TEST_CASE("a null out pointer of a disk is E_POINTER", "[virtual_server][disk]")
{
    farm farm;
    test::make_disk(farm.folder / "disk.vhd", 2);
    const IVMHardDiskPtr disk = farm.disk("disk.vhd");

    CHECK(disk->raw_Compact(nullptr) == E_POINTER);
    CHECK(disk->get_File(nullptr) == E_POINTER);
    CHECK(farm.engine.tasks().empty());
}

TEST_CASE("an out pointer is null after a failure, whatever it was", "[virtual_server][disk]")
{
    farm farm;
    test::make_disk(farm.folder / "disk.vhd", 2);
    farm.make_file("text", std::string(4096, 'x'));
    const IVMTaskPtr earlier = farm.disk("disk.vhd")->Compact();

    IVMTask* task = earlier;
    CHECK(farm.disk("text")->raw_Compact(&task) == VM_E_INVALID_HD_FILE);
    CHECK(task == nullptr);

    const IVMHardDiskPtr other = farm.disk("text");
    IVMHardDisk* disk = other;
    CHECK(farm.server->raw_GetHardDisk(_bstr_t("relative"), &disk) == E_BAD_PATHNAME);
    CHECK(disk == nullptr);
}

TEST_CASE("what Compact throws names the file and the reason", "[virtual_server][disk]")
{
    farm farm;
    farm.make_fixed_disk("fixed.vhd");
    try {
        farm.disk("fixed.vhd")->Compact();
        FAIL("it was not refused");
    } catch (const _com_error& error) {
        CHECK(error.Error() == VM_E_WRONG_HD_IMAGE_TYPE);
        const std::string text = static_cast<const char*>(error.Description());
        CHECK_THAT(text, ContainsSubstring((farm.folder / "fixed.vhd").string()));
        CHECK_THAT(text, ContainsSubstring("fixed"));
    }
}

TEST_CASE("what is thrown never speaks of an earlier failure", "[virtual_server][disk]")
{
    farm farm;
    farm.make_fixed_disk("fixed.vhd");
    const IVMHardDiskPtr disk = farm.disk("fixed.vhd");
    IVMTask* task = nullptr;
    REQUIRE(disk->raw_Compact(&task) == VM_E_WRONG_HD_IMAGE_TYPE);

    REQUIRE(disk->get_File(nullptr) == E_POINTER);
    try {
        virtual_server::check(E_POINTER);
        FAIL("it did not throw");
    } catch (const _com_error& error) {
        CHECK(!error.Description());
    }
}

TEST_CASE("a disk tells its file", "[virtual_server][disk]")
{
    farm farm;
    farm.make_file("gr\xC3\xB6\xC3\x9F"
                   "e.vhd",
                   "");
    const IVMHardDiskPtr disk = farm.disk("gr\xC3\xB6\xC3\x9F"
                                          "e.vhd");
    const std::wstring expected = farm.folder.path().wstring() + L"/gr\u00F6\u00DFe.vhd";

    CHECK(disk->File == expected.c_str());
    CHECK(disk->GetFile() == expected.c_str());
}
