// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "support/vhd/temporary_folder.hpp"

#include "disk.hpp"
#include "held_program.hpp"
#include "vmtask_program.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

using namespace vmtask::test;
using nlohmann::json;

namespace {

/// Every line, each of which has to be one object with an event.
std::vector<json> objects_of(const vmtask_program& run)
{
    std::vector<json> objects;
    for (const std::string& line : run.out_lines()) {
        objects.push_back(json::parse(line));
        REQUIRE(objects.back().is_object());
        REQUIRE(objects.back().contains("event"));
    }
    return objects;
}

} // namespace

TEST_CASE("a compaction tells machines its progress, and last the result", "[cli]")
{
    temporary_folder folder;
    const std::string disk = (folder / "worn.vhd").string();
    make_worn_disk(disk);
    const auto before = std::filesystem::file_size(disk);

    vmtask_program run({"compact", "--json", disk});
    CHECK(run.exit_code() == 0);
    CHECK(run.err().empty());
    const auto objects = objects_of(run);
    REQUIRE(objects.size() >= 2);
    double percent = 0;
    for (std::size_t i = 0; i + 1 < objects.size(); ++i) {
        CHECK(objects[i]["event"] == "progress");
        CHECK(objects[i]["percent"].get<double>() >= percent);
        // A look may come before the task has said anything.
        if (objects[i]["total"] != 0) CHECK(objects[i]["unit"] == "bytes");
        CHECK(objects[i]["done"].get<std::uint64_t>() <= objects[i]["total"].get<std::uint64_t>());
        percent = objects[i]["percent"];
    }
    CHECK(percent == 100);
    CHECK(objects[objects.size() - 2]["unit"] == "bytes");
    const json& result = objects.back();
    CHECK(result["event"] == "result");
    CHECK(result["command"] == "compact");
    CHECK(result["disk"] == disk);
    CHECK(result["file_size_before"] == before);
    CHECK(result["file_size_after"] == std::filesystem::file_size(disk));
    CHECK(result["blocks_scanned"] == 12);
    CHECK(result["blocks_freed"] == 8);
    CHECK_FALSE(result.contains("asked_to_stop"));
}

TEST_CASE("info and create tell machines one result", "[cli]")
{
    temporary_folder folder;
    const std::string disk = (folder / "new.vhd").string();
    vmtask_program create({"--json", "create", "--quiet", "--size", "10G", disk});
    CHECK(create.exit_code() == 0);
    const auto created = objects_of(create);
    REQUIRE(created.size() == 1);
    CHECK(created[0]["event"] == "result");
    CHECK(created[0]["virtual_size"] == std::uint64_t{10} << 30);

    vmtask_program info({"--json", "info", disk});
    CHECK(info.exit_code() == 0);
    const auto told = objects_of(info);
    REQUIRE(told.size() == 1);
    CHECK(told[0]["type"] == "dynamic");
    CHECK(told[0]["virtual_size"] == std::uint64_t{10} << 30);
    CHECK(told[0]["blocks"] == 5120);
    CHECK(told[0]["blocks_allocated"] == 0);
    CHECK(told[0]["saved_state"] == false);
}

TEST_CASE("a failure is an object for machines and a line for people", "[cli]")
{
    vmtask_program run({"compact", "--json", "/nowhere/a.vhd"});
    CHECK(run.exit_code() == 1);
    CHECK(run.err_lines().size() == 1);
    const auto objects = objects_of(run);
    REQUIRE(objects.size() == 1);
    CHECK(objects[0]["event"] == "error");
    CHECK(objects[0]["reason"] == "failed");
    CHECK(objects[0]["exit_code"] == 1);
    CHECK(objects[0]["message"].get<std::string>() + '\n' == run.err());
}

TEST_CASE("a usage error is an object too", "[cli]")
{
    vmtask_program run({"shrink", "--json"});
    CHECK(run.exit_code() == 2);
    const auto objects = objects_of(run);
    REQUIRE(objects.size() == 1);
    CHECK(objects[0]["reason"] == "usage");
    CHECK(objects[0]["exit_code"] == 2);
}

TEST_CASE("a file name that is no UTF-8 still makes valid JSON", "[cli]")
{
    vmtask_program run({"info", "--json", "/nowhere/\xff.vhd"});
    CHECK(run.exit_code() == 1);
    REQUIRE(objects_of(run).size() == 1);
}

TEST_CASE("machines learn that a task is being stopped, and why it ended", "[cli]")
{
    temporary_folder folder;
    const std::string disk = (folder / "worn.vhd").string();
    make_worn_disk(disk);
    held_program run(folder, disk, hold_at::half_way, {"--json"});
    REQUIRE(run.is_held());
    REQUIRE(run.says("\"progress\""));
    run.send(SIGTERM);
    REQUIRE(run.says("\"stopping\""));
    run.let_go();
    CHECK(run.exit_code() == 143);
    const auto objects = objects_of(run);
    CHECK(objects.back()["event"] == "error");
    CHECK(objects.back()["reason"] == "terminated");
    CHECK(objects.back()["exit_code"] == 143);
}
