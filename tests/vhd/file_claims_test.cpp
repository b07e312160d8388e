// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/file_claims.hpp>

#include <vmtask/engine.hpp>
#include <vmtask/vhd/check.hpp>
#include <vmtask/vhd/compact.hpp>
#include <vmtask/vhd/convert.hpp>
#include <vmtask/vhd/create.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/merge.hpp>
#include <vmtask/vhd/resize.hpp>
#include <vmtask/vhd/set_parent.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/patience.hpp"
#include "support/vhd/chain_files.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;

namespace {

namespace fs = std::filesystem;

/// A task that claims a file, and begins at once and stays within the gate.
task<> hold_file(engine& engine, gate& gate, const fs::path& file, claim_mode mode)
{
    auto holder = engine.post([&gate](task_context& self) { gate.hold(self); },
                              {.description = "holder", .claims = vhd::file_claims(file, mode)});
    REQUIRE(gate.reached());
    return holder;
}

/// The code with which the task ends.
std::error_code end_of(const task_handle& task)
{
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    return task.error();
}

/// A way to post a task, and what it should claim of some files, a letter each:
/// "x" exclusively, "s" shared, "-" not at all.
struct disk_task {
    std::function<task_handle(engine&)> post;
    std::string expected;
    std::string found{};
};

/// Whether the task, which is cancelled then, waits for the holder's file. There
/// is one worker, which the holder has: without claims it would wait for that.
bool waits_for_file(task_handle posted, const task_handle& holder)
{
    const obstacle met = posted.obstacle();
    REQUIRE((met.kind == obstacle_kind::resource || met.kind == obstacle_kind::worker));
    if (met.kind == obstacle_kind::resource) CHECK(met.tasks.at(0).id() == holder.id());
    CHECK_FALSE(posted.request_cancel());
    CHECK(end_of(posted) == errc::cancelled);
    return met.kind == obstacle_kind::resource;
}

/// Which of the tasks a holder of the file is in the way of, each by a letter.
std::string waiting_for(const fs::path& file, claim_mode mode, const std::vector<disk_task>& tasks)
{
    gate gate;
    engine engine({.workers = 1});
    const task<> holder = hold_file(engine, gate, file, mode);
    std::string waiting;
    for (const disk_task& each : tasks) waiting += waits_for_file(each.post(engine), holder) ? 'y' : 'n';
    return waiting;
}

} // namespace

TEST_CASE("a file is one resource by whatever path, and a name is one of its folder", "[vhd][claims]")
{
    const temporary_folder folder;
    const fs::path disk = folder / "disk.vhd";
    make_parent(disk);
    fs::create_hard_link(disk, folder / "link.vhd");
    fs::create_symlink("disk.vhd", folder / "symbolic.vhd");
    fs::create_directory_symlink(folder.path(), folder / "here");
    struct stat status {};
    REQUIRE(::stat(disk.c_str(), &status) == 0);
    const std::string file = "file " + std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
    for (const fs::path& path :
         {disk, folder / "link.vhd", folder / "symbolic.vhd", folder / "here/./disk.vhd", fs::relative(disk)})
        CHECK(vhd::file_resource(path) == file);
    CHECK_FALSE(vhd::file_resource(folder / "new.vhd"));

    REQUIRE(::stat(folder.path().c_str(), &status) == 0);
    const std::string inside = "name " + std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) + "/";
    CHECK(vhd::name_resource(folder / "new.vhd") == inside + "new.vhd");
    CHECK(vhd::name_resource(folder / "here/disk.vhd") == inside + "disk.vhd");
    CHECK(vhd::name_resource(fs::relative(folder / "link.vhd")) == inside + "link.vhd");
    CHECK_FALSE(vhd::name_resource(folder / "absent/new.vhd"));
    CHECK(vhd::name_resource("new.vhd") == vhd::name_resource("./new.vhd"));
    CHECK(vhd::file_claims(folder / "absent/new.vhd").empty());
}

TEST_CASE("compacts of one disk by any paths run one after the other, and say who is before them", "[vhd][claims]")
{
    const temporary_folder folder;
    const fs::path disk = folder / "disk.vhd";
    make_parent(disk);
    fs::create_hard_link(disk, folder / "link.vhd");
    fs::create_symlink("disk.vhd", folder / "symbolic.vhd");
    const std::vector<fs::path> paths{disk, folder / "link.vhd", folder / "symbolic.vhd", fs::relative(disk)};
    gate gate;
    engine engine({.workers = 4});
    const task<> holder = hold_file(engine, gate, disk, claim_mode::exclusive);

    std::vector<task_handle> before{holder};
    for (const fs::path& path : paths) {
        const auto compact = vhd::compact(engine, path);
        const obstacle met = compact.obstacle();
        CHECK(met.kind == obstacle_kind::resource);
        CHECK(met.name == vhd::file_resource(disk));
        for (const task_handle& earlier : before) CHECK(std::ranges::count(met.tasks, earlier.id(), &task_handle::id));
        before.push_back(compact);
    }
    gate.open();
    for (const task_handle& task : before) CHECK_FALSE(end_of(task));
}

TEST_CASE("tasks claim what they write to for themselves, and with others what they read", "[vhd][claims]")
{
    const chain_files files;
    const fs::path top = files.top();
    const fs::path base = files.base();
    const fs::path made = files.folder / "new.vhd";
    const vhd::chain_options named{files.middle()};
    const auto open_base = [&] { return std::make_unique<vhd::file_store>(base, vhd::file_access::write); };
    const auto open_chain = [&](vhd::chain_access access) { return vhd::disk_chain(top, access); };
    std::vector<disk_task> tasks{
        {[&](engine& e) { return vhd::compact(e, top); }, "x---"},
        {[&](engine& e) { return vhd::compact(e, top, {}, named); }, "xs--"},
        {[&](engine& e) { return vhd::compact(e, open_base()); }, "--x-"},
        {[&](engine& e) { return vhd::check(e, top); }, "s---"},
        {[&](engine& e) { return vhd::check(e, top, named); }, "ss--"},
        {[&](engine& e) { return vhd::repair(e, top, named); }, "xs--"},
        {[&](engine& e) { return vhd::resize(e, base, {}); }, "--x-"},
        {[&](engine& e) { return vhd::convert(e, base, made, {}); }, "--sx"},
        {[&](engine& e) { return vhd::create(e, made, {}); }, "---x"},
        {[&](engine& e) { return vhd::create_child(e, made, base); }, "--sx"},
        {[&](engine& e) { return vhd::set_parent(e, top, base); }, "x-s-"},
        {[&](engine& e) { return vhd::merge(e, top); }, "x---"},
        {[&](engine& e) { return vhd::merge(e, top, {.chain = named}); }, "xx--"},
        {[&](engine& e) { return vhd::merge(e, open_chain(vhd::chain_access::write_child_pair)); }, "xxs-"},
        {[&](engine& e) { return vhd::merge_into(e, top, made, {}, named); }, "ss-x"},
        {[&](engine& e) { return vhd::merge_into(e, open_chain(vhd::chain_access::read), made); }, "sssx"},
    };
    for (const fs::path& file : {top, files.middle(), base, made}) {
        const std::string users = waiting_for(file, claim_mode::shared, tasks);
        const std::string owner = waiting_for(file, claim_mode::exclusive, tasks);
        for (std::size_t i = 0; i < tasks.size(); ++i)
            tasks[i].found += users[i] == 'y' ? 'x' : owner[i] == 'y' ? 's' : '-';
    }
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        INFO("task " << i);
        CHECK(tasks[i].found == tasks[i].expected);
    }
    CHECK_FALSE(fs::exists(made));
}

TEST_CASE("disks that share a parent are worked on at the same time", "[vhd][claims][chain]")
{
    const chain_files files;
    const fs::path sibling = files.folder / "sibling.vhd";
    vhd::create_child_file(sibling, files.middle());
    const vhd::chain_options named{files.middle()};
    gate gate;
    engine engine({.workers = 2});
    std::vector<resource_claim> claims = vhd::file_claims(files.top());
    for (resource_claim& claim : vhd::file_claims(files.middle(), claim_mode::shared)) claims.push_back(claim);
    const auto holder = engine.post([&gate](task_context& self) { gate.hold(self); }, {.claims = std::move(claims)});
    REQUIRE(gate.reached());

    CHECK_FALSE(end_of(vhd::compact(engine, sibling, {}, named)));
    CHECK_FALSE(end_of(vhd::check(engine, files.middle())));
    CHECK(holder.state() == task_state::running);
    gate.open();
    CHECK_FALSE(end_of(holder));
}

TEST_CASE("whoever works on a disk that is yet to be made waits for it", "[vhd][claims]")
{
    const temporary_folder folder;
    const fs::path disk = folder / "disk.vhd";
    gate gate;
    engine engine({.workers = 4});
    const task<> holder = hold_file(engine, gate, disk, claim_mode::exclusive);
    const auto create = vhd::create(engine, disk, {.size_bytes = 1U << 20});
    const auto compact = vhd::compact(engine, disk);
    const auto again = vhd::create(engine, disk, {.size_bytes = 1U << 20});
    const auto elsewhere = vhd::compact(engine, folder / "absent/disk.vhd");
    CHECK(create.obstacle().name == vhd::name_resource(disk));
    CHECK(end_of(elsewhere) == vhd::errc::no_such_file);
    gate.open();
    CHECK_FALSE(end_of(create));
    CHECK_FALSE(end_of(compact));
    CHECK(end_of(again) == vhd::errc::already_exists);
}

TEST_CASE("a caller says how else a task on a disk is to be posted", "[vhd][claims][task]")
{
    const temporary_folder folder;
    const fs::path disk = folder / "disk.vhd";
    make_parent(disk);
    gate gate;
    engine engine({.workers = 2});
    const task<> holder = hold_file(engine, gate, disk, claim_mode::exclusive);

    std::uint64_t named = 0;
    try {
        (void)vhd::compact(engine, disk, {}, {}, {.when_busy = when_busy::fail});
    } catch (const resource_busy& busy) {
        CHECK(busy.resource() == vhd::file_resource(disk));
        named = busy.holder().id();
    }
    CHECK(named == holder.id());

    const auto first = vhd::compact(engine, disk, {}, {}, {.description = "the nightly one"});
    CHECK(first.description() == "the nightly one");
    CHECK(first.outcome().kind == "compact");
    CHECK(vhd::compact(engine, disk, {}, {}, {.when_busy = when_busy::join}).id() == first.id());
    CHECK(vhd::check(engine, disk, {}, {.when_busy = when_busy::join}).id() != first.id());

    // A part shares what its whole has claimed.
    CHECK_FALSE(end_of(vhd::compact(engine, disk, {}, {}, {.parent = holder})));
    CHECK(first.state() == task_state::queued);
    gate.open();
    CHECK_FALSE(end_of(first));
}
