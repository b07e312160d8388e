// SPDX-License-Identifier: BSL-1.0

#include <VsComInterfaces.h>

#include "disks.hpp"
#include "farm.hpp"
#include "without_privileges.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"
#include "support/vhd/chain_files.hpp"

#include <vmtask/engine.hpp>
#include <vmtask/vhd/create_child_file.hpp>

#include <filesystem>
#include <string>
#include <unistd.h>

using namespace vmtask;
using test::answer_of;
using test::end_of;

namespace {

/// A chain of three, and what Merge of the top answers.
struct chain : test::farm {
    IVMHardDiskPtr top() { return server->GetHardDisk(files.top().c_str()); }

    HRESULT merge(const IVMHardDiskPtr& disk)
    {
        return answer_of([&](IVMTask** task) { return disk->raw_Merge(task); });
    }

    test::chain_files files;
};

} // namespace

TEST_CASE("Merge puts a disk into its parent, and removes it", "[virtual_server][merge]")
{
    chain chain;
    CHECK(end_of(chain.top()->Merge()) == S_OK);

    CHECK_FALSE(exists(chain.files.top()));
    CHECK(test::contents_of(chain.files.middle()) == chain.files.expected);
    CHECK(test::contents_of(chain.files.base()) == chain.files.expected_of_base);
}

TEST_CASE("Merge refuses in the starting call what is not differencing", "[virtual_server][merge]")
{
    chain chain;
    chain.make_fixed_disk("fixed.vhd");
    test::make_disk(chain.folder / "dynamic.vhd", 2);

    CHECK(chain.merge(chain.disk("fixed.vhd")) == VM_E_WRONG_HD_IMAGE_TYPE);
    CHECK(chain.merge(chain.disk("dynamic.vhd")) == VM_E_WRONG_HD_IMAGE_TYPE);
    CHECK(chain.engine.tasks().empty());
}

TEST_CASE("Merge refuses in the starting call what is no sound image", "[virtual_server][merge]")
{
    chain chain;
    chain.make_file("text", std::string(4096, 'x'));
    CHECK(chain.merge(chain.disk("text")) == VM_E_INVALID_HD_FILE);
    const IVMHardDiskPtr top = chain.top();
    std::filesystem::remove(chain.files.top());
    CHECK(chain.merge(top) == E_FILE_NOT_FOUND);
}

TEST_CASE("Merge refuses in the starting call a chain that is in use", "[virtual_server][merge]")
{
    chain chain;
    for (const auto& path : {chain.files.top(), chain.files.middle()}) {
        const vhd::file_store reader(path, vhd::file_access::read);
        CHECK(chain.merge(chain.top()) == E_SHARING_VIOLATION);
    }
    const vhd::file_store writer(chain.files.base(), vhd::file_access::write);
    CHECK(chain.merge(chain.top()) == E_SHARING_VIOLATION);
}

TEST_CASE("Merge refuses in the starting call a disk of a saved state", "[virtual_server][merge]")
{
    chain chain;
    const bool is_parent = GENERATE(false, true);
    chain.save_state(is_parent ? chain.files.middle() : chain.files.top());
    CHECK(chain.merge(chain.top()) == E_SHARING_VIOLATION);
}

TEST_CASE("Merge refuses in the starting call what it may not write", "[virtual_server][merge]")
{
    chain chain;
    const IVMHardDiskPtr top = chain.top();
    const auto path = GENERATE(false, true) ? chain.files.middle() : chain.files.top();
    for (const auto& disk : {chain.files.middle(), chain.files.top()}) permissions(disk, std::filesystem::perms(0666));
    const auto answer_for = [&](unsigned permitted) {
        permissions(path, std::filesystem::perms(permitted));
        const test::without_privileges nobody(chain.files.folder.path());
        return chain.merge(top);
    };

    CHECK(answer_for(0444) == VM_E_FILE_READ_ONLY);
    CHECK(answer_for(::geteuid() == 0 ? 0600 : 0200) == E_ACCESSDENIED);
}

TEST_CASE("Merge refuses in the starting call a parent that is missing or another", "[virtual_server][merge]")
{
    chain chain;
    std::filesystem::remove(chain.files.middle());
    CHECK(chain.merge(chain.top()) == VM_E_PARENT_PATH_NOT_FOUND);
    vhd::create_file(chain.files.middle(), {.size_bytes = 1U << 20});
    CHECK(chain.merge(chain.top()) == VM_E_PARENT_CHILD_ID_MISMATCH);
    CHECK(chain.engine.tasks().empty());
}

TEST_CASE("nothing is merged once the engine shuts down", "[virtual_server][merge]")
{
    chain chain;
    chain.engine.shutdown(shutdown_mode::drain);

    CHECK(chain.merge(chain.top()) == VM_E_APP_SHUTTING_DOWN);
    CHECK_NOTHROW(vhd::file_store(chain.files.middle(), vhd::file_access::write));
}

TEST_CASE("a merge that cannot be done is found out in the task", "[virtual_server][merge]")
{
    chain chain;
    vhd::create_child_file(chain.folder / "longer.vhd", chain.files.base(), {.size_bytes = 2 * test::chain_disk_size});

    const IVMTask2Ptr task = chain.disk("longer.vhd")->Merge();

    CHECK(end_of(task) == VM_E_INVALID_HD_FILE);
    CHECK_THAT(static_cast<const char*>(task->GetErrorDescription()),
               Catch::Matchers::ContainsSubstring("the parent is smaller than its child"));
    CHECK(exists(chain.folder / "longer.vhd"));
}

TEST_CASE("a cancelled Merge leaves child and parent as they were", "[virtual_server][merge]")
{
    chain chain;
    test::gate gate;
    engine engine({.workers = 1});
    test::occupy_workers(engine, gate, 1);
    const IVMVirtualServerPtr server = virtual_server::create_server(engine);
    const IVMTask2Ptr task = server->GetHardDisk(chain.files.top().c_str())->Merge();

    CHECK(chain.merge(chain.top()) == E_SHARING_VIOLATION); // locked since the starting call
    CHECK(task->Cancel() == S_OK);
    CHECK(end_of(task) == E_ABORT);

    CHECK(test::contents_of(chain.files.top()) == chain.files.expected);
    CHECK(test::contents_of(chain.files.middle()) == chain.files.expected_of_middle);
    gate.open();
}

TEST_CASE("a null task of Merge is E_POINTER", "[virtual_server][merge]")
{
    chain chain;
    CHECK(chain.top()->raw_Merge(nullptr) == E_POINTER);
    CHECK(chain.engine.tasks().empty());
}
