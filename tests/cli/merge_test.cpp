// SPDX-License-Identifier: BSL-1.0

// The commands on chains: create --type differencing, merge, info, compact.

#include "support/catch.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <vmtask/vhd/file_store.hpp>

#include "support/vhd/verdict.hpp"

#include "held_program.hpp"
#include "three_disks.hpp"
#include "vmtask_program.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
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

json last_object_of(const vmtask_program& run)
{
    return json::parse(run.out_lines().back());
}

} // namespace

TEST_CASE("info draws the chain of a disk, and lists it for machines", "[cli][chain]")
{
    const three_disks disks;
    vmtask_program text({"info", disks.top});
    CHECK(text.exit_code() == 0);
    CHECK_THAT(text.out(),
               ContainsSubstring("chain:            " + disks.top + " (differencing)\n")
                   && ContainsSubstring("`- " + disks.middle + " (differencing, found by relative path)\n")
                   && ContainsSubstring("   `- " + disks.base + " (dynamic, found by relative path)\n"));

    vmtask_program machine({"info", "--json", disks.top});
    CHECK(machine.exit_code() == 0);
    const json chain = last_object_of(machine)["chain"];
    REQUIRE(chain.size() == 3);
    CHECK(chain[0]["disk"] == disks.top);
    CHECK(chain[1]["found_by"] == "relative path");
    CHECK(chain[1]["seems_changed"] == false);
    CHECK(chain[2]["type"] == "dynamic");
}

TEST_CASE("info of a disk whose parent is missing says so, or takes the one it is told of", "[cli][chain]")
{
    const three_disks disks;
    const std::string moved = (disks.folder / "moved.vhd").string();
    fs::rename(disks.middle, moved);
    vmtask_program text({"info", disks.top});
    CHECK(text.exit_code() == 0);
    CHECK_THAT(text.out(), ContainsSubstring("`- missing: " + disks.top + ": there is no " + disks.middle));
    vmtask_program machine({"info", "--json", disks.top});
    CHECK(machine.exit_code() == 0);
    CHECK(last_object_of(machine)["chain"].size() == 1);
    CHECK_THAT(last_object_of(machine)["chain_error"].get<std::string>(), ContainsSubstring(disks.middle));
    vmtask_program told({"info", "--parent", moved, disks.top});
    CHECK(told.exit_code() == 0);
    CHECK_THAT(told.out(), ContainsSubstring(moved + " (differencing, found by given)"));
}

TEST_CASE("merge puts a disk into its parent, tells of it, and removes it", "[cli][merge]")
{
    const three_disks disks;
    vmtask_program run({"merge", "--json", disks.top});
    CHECK(run.exit_code() == 0);
    CHECK(run.err().empty());
    const json result = last_object_of(run);
    CHECK(result["event"] == "result");
    CHECK(result["command"] == "merge");
    CHECK(result["parent"] == disks.middle);
    CHECK(result["child_removed"] == true);
    CHECK(result["blocks_merged"] == 3);
    CHECK(result["parent_file_size_after"] == fs::file_size(disks.middle));
    CHECK(json::parse(run.out_lines().front())["event"] == "progress");
    CHECK_FALSE(fs::exists(disks.top));
    CHECK(is_same(shown_by(disks.middle), disks.data));
    run_well({"merge", disks.middle});
    CHECK(is_same(shown_by(disks.base), disks.data));
}

TEST_CASE("merge keeps the child if it is to, and both show the same", "[cli][merge]")
{
    const three_disks disks;
    vmtask_program run({"merge", "--keep-child", disks.top});
    CHECK(run.exit_code() == 0);
    CHECK_THAT(run.out(), ContainsSubstring(disks.top + ": merged into " + disks.middle) && ContainsSubstring("kept"));
    CHECK(is_same(shown_by(disks.top), disks.data));
    CHECK(is_same(shown_by(disks.middle), disks.data));
}

TEST_CASE("merge makes a new disk of a chain, and leaves the chain alone", "[cli][merge]")
{
    const three_disks disks;
    const std::string target = (disks.folder / "new.vhd").string();
    vmtask_program run({"merge", disks.top, "--into", target, "--to", "fixed"});
    CHECK(run.exit_code() == 0);
    CHECK_THAT(run.out(), ContainsSubstring(target + ": merged from " + disks.top));
    CHECK(is_same(shown_by(target), disks.data));
    CHECK(is_same(shown_by(disks.top), disks.data));
    vmtask_program again({"merge", disks.top, "--into", target});
    CHECK(again.exit_code() == 1);
    CHECK_THAT(again.err(), StartsWith(target + ": ") && ContainsSubstring("exists"));
    CHECK(is_same(shown_by(target), disks.data));
}

TEST_CASE("compact of a differencing disk frees what its parent shows anyway", "[cli][compact][chain]")
{
    const three_disks disks;
    run_well({"merge", "--keep-child", disks.top});
    vmtask_program run({"compact", disks.top});
    CHECK(run.exit_code() == 0);
    CHECK_THAT(run.out(), ContainsSubstring("3 blocks: 3 freed"));
    CHECK(is_same(shown_by(disks.top), disks.data));
}

TEST_CASE("merge refuses a disk that has no parent, and one whose parent is in use", "[cli][merge]")
{
    const three_disks disks;
    vmtask_program base({"merge", disks.base});
    CHECK(base.exit_code() == 1);
    CHECK_THAT(base.err(), StartsWith(disks.base + ": the disk is not differencing"));
    {
        const vhd::file_store other_child(disks.middle, vhd::file_access::read);
        vmtask_program run({"merge", disks.top});
        CHECK(run.exit_code() == 1);
        CHECK_THAT(run.err(), StartsWith(disks.middle + ": ") || ContainsSubstring(": " + disks.middle + ": "));
        CHECK_THAT(run.err(), ContainsSubstring("open"));
    }
    CHECK(is_same(shown_by(disks.top), disks.data));
}

TEST_CASE("Ctrl-C stops a merge with both disks whole, and the next one finishes", "[cli][merge]")
{
    const three_disks disks;
    held_program run(disks.folder, {"merge", disks.top}, 5);
    REQUIRE(run.is_held());
    run.send(SIGINT);
    REQUIRE(run.says_on_error(disks.top + ": interrupted; stopping"));
    run.let_go();
    CHECK(run.exit_code() == 130);
    CHECK_THAT(run.err(), ContainsSubstring("both disks are whole"));
    CHECK(is_same(shown_by(disks.top), disks.data));
    run_well({"merge", disks.top});
    CHECK(is_same(shown_by(disks.middle), disks.data));
}

TEST_CASE("a merge whose child has got another name leaves what has its name now alone, and says so", "[cli][merge]")
{
    const three_disks disks;
    const std::string renamed = (disks.folder / "renamed.vhd").string();
    held_program run(disks.folder, {"merge", disks.top}, 5);
    REQUIRE(run.is_held());
    fs::rename(disks.top, renamed);
    fs::copy_file(disks.base, disks.top);
    run.let_go();
    CHECK(run.exit_code() == 1);
    CHECK_THAT(run.err(), StartsWith(disks.top + ": "));
    CHECK(fs::file_size(disks.top) == fs::file_size(disks.base));
    CHECK(is_same(shown_by(disks.middle), disks.data));
    CHECK(is_same(shown_by(renamed), disks.data));
}

TEST_CASE("check, compact and merge say that a parent seems to have changed", "[cli][chain]")
{
    const three_disks disks;
    fs::last_write_time(disks.base, fs::last_write_time(disks.base) + std::chrono::hours(1));
    vmtask_program check({"check", disks.top});
    CHECK(check.exit_code() == 4);
    CHECK_THAT(check.out(),
               ContainsSubstring("warning: a parent seems to have changed")
                   && ContainsSubstring("(" + disks.base + ")"));
    vmtask_program compact({"compact", disks.top});
    CHECK(compact.exit_code() == 0);
    CHECK_THAT(compact.out(), ContainsSubstring("\n  a parent seems to have changed"));
    vmtask_program into({"merge", disks.top, "--into", (disks.folder / "new.vhd").string()});
    CHECK(into.exit_code() == 0);
    CHECK_THAT(into.out(), ContainsSubstring("\n  a parent seems to have changed"));
    vmtask_program merge({"merge", "--json", disks.top});
    CHECK(merge.exit_code() == 0);
    CHECK(last_object_of(merge)["parent_seems_changed"] == true);
    CHECK(is_same(shown_by(disks.middle), disks.data));

    fs::rename(disks.base, disks.folder / "moved.vhd");
    vmtask_program missing({"check", disks.middle});
    CHECK(missing.exit_code() == 4);
    CHECK_THAT(missing.out(), ContainsSubstring("error: a parent cannot be used") && ContainsSubstring(disks.base));
    CHECK(vmtask_program({"check", disks.middle, "--parent", (disks.folder / "moved.vhd").string()}).exit_code() == 4);
}

TEST_CASE("a merge killed before any of its changes leaves the child what it shows, or nothing to do",
          "[cli][merge][kill_storm]")
{
    const three_disks disks;
    const std::string kept = (disks.folder / "kept.vhd").string();
    const std::string kept_parent = (disks.folder / "kept_parent.vhd").string();
    fs::copy_file(disks.top, kept);
    fs::copy_file(disks.middle, kept_parent);
    std::uint64_t kills = 0;
    for (bool was_held = true; was_held; ++kills) {
        INFO("killed before change " << kills);
        fs::copy_file(kept, disks.top, fs::copy_options::overwrite_existing);
        fs::copy_file(kept_parent, disks.middle, fs::copy_options::overwrite_existing);
        {
            held_program run(disks.folder, {"merge", disks.top}, kills);
            was_held = run.is_held();
            run.send(SIGKILL);
            CHECK(run.exit_code() == (was_held ? 1000 + SIGKILL : 0));
        }
        fs::remove(disks.folder / "hold");
        REQUIRE(fs::exists(disks.top) <= was_held);
        REQUIRE(is_same(shown_by(fs::exists(disks.top) ? disks.top : disks.middle), disks.data));
        if (fs::exists(disks.top)) run_well({"merge", disks.top});
        REQUIRE(is_same(shown_by(disks.middle), disks.data));
    }
    CHECK(kills > 10);
}

TEST_CASE("a merge into a new disk that is stopped leaves no disk", "[cli][merge]")
{
    const three_disks disks;
    const std::string target = (disks.folder / "new.vhd").string();
    held_program run(disks.folder, {"merge", disks.top, "--into", target}, 2);
    REQUIRE(run.is_held());
    run.send(SIGTERM);
    REQUIRE(run.says_on_error("terminated; stopping"));
    run.let_go();
    CHECK(run.exit_code() == 143);
    CHECK_THAT(run.err(), ContainsSubstring(target + ": terminated; there is no disk; merge them again"));
    CHECK_FALSE(fs::exists(target));
}

TEST_CASE("a merge into a new disk that is killed leaves no disk, or a whole one", "[cli][merge][kill_storm]")
{
    const three_disks disks;
    const std::string target = (disks.folder / "new.vhd").string();
    std::uint64_t kills = 0;
    for (bool was_held = true; was_held; ++kills) {
        {
            held_program run(disks.folder, {"merge", disks.top, "--into", target}, kills);
            was_held = run.is_held();
            run.send(SIGKILL);
            CHECK(run.exit_code() == (was_held ? 1000 + SIGKILL : 0));
        }
        fs::remove(disks.folder / "hold");
        if (fs::exists(target)) REQUIRE(is_same(shown_by(target), disks.data));
        else REQUIRE(was_held);
        fs::remove(target);
    }
    CHECK(kills > 5);
    CHECK(is_same(shown_by(disks.top), disks.data));
}
