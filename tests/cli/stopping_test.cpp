// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "support/patience.hpp"
#include "support/vhd/temporary_folder.hpp"
#include "support/vhd/verdict.hpp"

#include "disk.hpp"
#include "held_program.hpp"
#include "vmtask_program.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// A worn disk, and what has to be true of it after a compaction was stopped.
struct stopped_disk {
    temporary_folder folder;
    std::string path = (folder / "worn.vhd").string();
    std::vector<std::byte> data;

    stopped_disk()
    {
        make_worn_disk(path);
        data = guest_data(path);
    }

    void check_whole_and_finish() const
    {
        CHECK(is_same(guest_data(path), data));
        const auto size = std::filesystem::file_size(path);
        vmtask_program again({"compact", path});
        CHECK(again.exit_code() == 0);
        CHECK(std::filesystem::file_size(path) < size);
        CHECK(is_same(guest_data(path), data));
    }
};

} // namespace

TEST_CASE("Ctrl-C stops a compaction, says so, and leaves the disk whole", "[cli]")
{
    stopped_disk disk;
    held_program run(disk.folder, disk.path, hold_at::half_way);
    REQUIRE(run.is_held());
    REQUIRE(run.says(" %"));
    run.send(SIGINT);
    REQUIRE(run.says_on_error(disk.path + ": interrupted; stopping"));
    run.let_go();
    CHECK(run.exit_code() == 130);
    REQUIRE(run.err_lines().size() == 2);
    CHECK_THAT(run.err_lines()[1], ContainsSubstring(disk.path + ": interrupted; the disk is whole"));
    CHECK_THAT(run.out(), !ContainsSubstring("100 %"));
    disk.check_whole_and_finish();
}

TEST_CASE("a second Ctrl-C is answered, and does not lose the disk", "[cli]")
{
    stopped_disk disk;
    held_program run(disk.folder, disk.path, hold_at::half_way, {"--quiet"});
    REQUIRE(run.is_held());
    run.send(SIGINT);
    REQUIRE(run.says_on_error("interrupted; stopping"));
    run.send(SIGINT);
    REQUIRE(run.says_on_error("still stopping"));
    run.let_go();
    CHECK(run.exit_code() == 130);
    disk.check_whole_and_finish();
}

TEST_CASE("SIGTERM stops a compaction in the same way", "[cli]")
{
    stopped_disk disk;
    held_program run(disk.folder, disk.path, hold_at::half_way);
    REQUIRE(run.is_held());
    run.send(SIGTERM);
    REQUIRE(run.says_on_error("terminated; stopping"));
    run.let_go();
    CHECK(run.exit_code() == 143);
    disk.check_whole_and_finish();
}

TEST_CASE("a compaction that takes too long is stopped with 3", "[cli]")
{
    stopped_disk disk;
    held_program run(disk.folder, disk.path, hold_at::half_way, {"--timeout", "0.2"});
    (void)run.is_held(); // or has already ended, on a slow machine
    REQUIRE(run.says_on_error("timed out after 0.2 s; stopping"));
    run.let_go();
    CHECK(run.exit_code() == 3);
    REQUIRE(run.err_lines().size() == 2);
    CHECK_THAT(run.err_lines()[1], ContainsSubstring("timed out after 0.2 s; the disk is whole"));
    disk.check_whole_and_finish();
}

TEST_CASE("a signal after the time-out does not change why it was stopped", "[cli]")
{
    const stopped_disk disk;
    std::optional<held_program> run;
    // On a slow machine the time is up before the program is where it can be held.
    REQUIRE(eventually([&] {
        run.reset();
        std::filesystem::remove(disk.folder / "hold");
        run.emplace(disk.folder, disk.path, hold_at::half_way, std::vector<std::string>{"--timeout", "0.5"});
        return run->is_held();
    }));
    REQUIRE(run->says_on_error("timed out"));
    run->send(SIGINT);
    REQUIRE(run->says_on_error("still stopping"));
    run->let_go();
    CHECK(run->exit_code() == 3);
}

TEST_CASE("what finishes before it could be stopped is done, and says so", "[cli]")
{
    stopped_disk disk;
    held_program run(disk.folder, disk.path, hold_at::before_cut);
    REQUIRE(run.is_held());
    run.send(SIGINT);
    REQUIRE(run.says_on_error("too late to stop"));
    run.let_go();
    CHECK(run.exit_code() == 0);
    CHECK_THAT(run.err(), ContainsSubstring(disk.path + ": finished before it could be stopped"));
    CHECK_THAT(run.out(), ContainsSubstring("8 freed"));
    CHECK(is_same(guest_data(disk.path), disk.data));
}

TEST_CASE("a time-out that is not reached changes nothing", "[cli]")
{
    stopped_disk disk;
    vmtask_program run({"compact", "--timeout", "3600", disk.path});
    CHECK(run.exit_code() == 0);
    CHECK(run.err().empty());
    CHECK(is_same(guest_data(disk.path), disk.data));
}
