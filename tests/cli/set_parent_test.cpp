// SPDX-License-Identifier: BSL-1.0

// The command set-parent.

#include "support/catch.hpp"

#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/info.hpp>
#include <vmtask/vhd/set_file_parent.hpp>

#include "support/vhd/libvhdi_disk.hpp"
#include "support/vhd/verdict.hpp"

#include "held_program.hpp"
#include "three_disks.hpp"
#include "vmtask_program.hpp"

#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

using namespace vmtask::test;
using namespace vmtask;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

/// The three, of which only the top is where it was.
struct torn_chain : three_disks {
    std::string moved = (folder / "elsewhere/moved.vhd").string();
    std::string moved_base = (folder / "elsewhere/moved base.vhd").string();

    torn_chain()
    {
        fs::create_directory(folder / "elsewhere");
        fs::rename(middle, moved);
        fs::rename(base, moved_base);
    }
};

} // namespace

TEST_CASE("set-parent makes a disk name the parent that has moved, and says so", "[cli][set_parent]")
{
    const torn_chain disks;
    vmtask_program first({"set-parent", disks.top, disks.moved});
    CHECK(first.exit_code() == 0);
    CHECK(first.err().empty());
    CHECK_THAT(first.out(),
               ContainsSubstring(disks.top + ": its parent is " + disks.moved + "\n  a parent of it is missing: "));
    vmtask_program second({"set-parent", "--json", disks.moved, disks.moved_base});
    CHECK(second.exit_code() == 0);
    const json result = json::parse(second.out_lines().back());
    CHECK(result["event"] == "result");
    CHECK(result["command"] == "set-parent");
    CHECK(result["disk"] == disks.moved);
    CHECK(result["parent"] == disks.moved_base);
    CHECK(result["parent_id"] == vhd::to_string(vhd::read_info(disks.moved_base).id));
    CHECK(result["parent_id_before"] == result["parent_id"]);
    CHECK(result["parent_seems_changed"] == false);
    CHECK(result["missing_beneath"] == "");
    CHECK(result["file_size"] == fs::file_size(disks.moved));

    run_well({"check", disks.top});
    CHECK(is_same(shown_by(disks.top), disks.data));
}

TEST_CASE("set-parent takes another disk only if its id is not to count", "[cli][set_parent]")
{
    const three_disks disks;
    const std::string copy = (disks.folder / "copy.vhd").string();
    run_well({"merge", disks.middle, "--into", copy});
    vmtask_program refused({"set-parent", disks.top, copy});
    CHECK(refused.exit_code() == 1);
    REQUIRE(refused.err_lines().size() == 1);
    CHECK_THAT(refused.err(), StartsWith(disks.top + ": " + copy + " has the id "));

    vmtask_program taken({"set-parent", disks.top, copy, "--ignore-id-mismatch"});
    CHECK(taken.exit_code() == 0);
    CHECK_THAT(taken.out(), ContainsSubstring("which has the id " + vhd::to_string(vhd::read_info(copy).id)));
    fs::remove(disks.middle);
    CHECK(is_same(shown_by(disks.top), disks.data));
}

TEST_CASE("set-parent refuses what cannot be, in one line that names the file", "[cli][set_parent]")
{
    const three_disks disks;
    const auto refusal = [&](const std::string& disk, const std::string& parent) {
        vmtask_program run({"set-parent", disk, parent, "--ignore-id-mismatch"});
        CHECK(run.exit_code() == 1);
        CHECK(run.out().empty());
        CHECK(run.err_lines().size() == 1);
        return run.err();
    };
    CHECK_THAT(refusal(disks.base, disks.middle), StartsWith(disks.base + ": the disk is not differencing"));
    CHECK_THAT(refusal(disks.middle, disks.top),
               StartsWith(disks.middle + ": " + disks.top + ": its parent is " + disks.middle));
    CHECK_THAT(refusal(disks.top, "/nowhere/a.vhd"), StartsWith(disks.top + ": /nowhere/a.vhd: there is no such file"));
    const vhd::file_store user(disks.top, vhd::file_access::read);
    CHECK_THAT(refusal(disks.top, disks.middle), StartsWith(disks.top + ": another program has the file open"));
    CHECK(is_same(shown_by(disks.top), disks.data));
}

TEST_CASE("a set-parent killed before any of its changes leaves the disk with the old or the new parent, and is "
          "finished by the next",
          "[cli][set_parent][kill_storm]")
{
    const three_disks disks;
    const std::string copy = (disks.folder / "copy.vhd").string();
    const std::string kept = (disks.folder / "kept.vhd").string();
    run_well({"merge", disks.middle, "--into", copy});
    fs::copy_file(disks.top, kept);
    const std::vector<std::string> command{"set-parent", disks.top, copy, "--ignore-id-mismatch"};
    std::uint64_t kills = 0;
    for (bool was_held = true; was_held; ++kills) {
        INFO("killed before change " << kills);
        fs::copy_file(kept, disks.top, fs::copy_options::overwrite_existing);
        {
            held_program run(disks.folder, command, kills);
            was_held = run.is_held();
            run.send(SIGKILL);
            CHECK(run.exit_code() == (was_held ? 1000 + SIGKILL : 0));
        }
        fs::remove(disks.folder / "hold");
        // Either parent shows the same.
        REQUIRE(is_same(shown_by(disks.top), disks.data));
        if (libvhdi_disk::is_installed()) REQUIRE(libvhdi_disk(disks.top).size() == disks.data.size());
        vhd::set_file_parent(disks.top, copy, {.ignore_id_mismatch = true});
        REQUIRE(fs::equivalent(vhd::disk_chain(disks.top).links().at(1).path, copy));
        REQUIRE(is_same(shown_by(disks.top), disks.data));
        REQUIRE(fs::file_size(disks.top) == fs::file_size(kept));
    }
    run_well({"check", disks.top});
    CHECK(kills > 15);
}
