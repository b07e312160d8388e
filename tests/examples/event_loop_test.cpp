// SPDX-License-Identifier: BSL-1.0

#include "brake.hpp"
#include "worn_disk.hpp"

#include "support/catch.hpp"
#include "support/vhd/program.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <csignal>

using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("the event loop example compacts several disks", "[examples]")
{
    const temporary_folder folder;
    const worn_disk first(folder / "first.vhd");
    const worn_disk second(folder / "second.vhd");

    const outcome ended = run({EXAMPLE_event_loop, first.name(), second.name()});

    CHECK(ended.code == 0);
    for (const worn_disk* disk : {&first, &second}) {
        CHECK_THAT(ended.output,
                   ContainsSubstring(disk->name() + ": done, " + std::to_string(disk->worn_size()) + " -> "
                                     + std::to_string(disk->file_size()) + " bytes\n"));
        CHECK(disk->file_size() < disk->worn_size());
        CHECK(disk->is_whole());
    }
}

TEST_CASE("the event loop example names the disk it cannot compact and does the others", "[examples]")
{
    const temporary_folder folder;
    const worn_disk disk(folder / "disk.vhd");
    const std::string missing = (folder / "missing.vhd").string();

    const outcome ended = run({EXAMPLE_event_loop, missing, disk.name()});

    CHECK(ended.code == 1);
    CHECK_THAT(ended.output, ContainsSubstring("\n" + missing + ": there is no such file"));
    CHECK_THAT(ended.output, ContainsSubstring(disk.name() + ": done"));
    CHECK(disk.file_size() < disk.worn_size());
}

TEST_CASE("the event loop example cancels the disks that are out of time", "[examples]")
{
    const temporary_folder folder;
    const worn_disk disk(folder / "disk.vhd");
    const brake brake;
    program held(brake.on({HELD_event_loop, "--limit", "1", disk.name()}));

    REQUIRE(held.says(disk.name() + ": out of time, stopping\n"));
    brake.release();

    CHECK(held.wait() == 1);
    CHECK_THAT(held.heard(), ContainsSubstring(disk.name() + ": cancelled, the disk is whole\n"));
    CHECK(disk.file_size() == disk.worn_size());
    CHECK(disk.is_whole());
}

TEST_CASE("the event loop example cancels all disks on Ctrl-C", "[examples]")
{
    const temporary_folder folder;
    const worn_disk first(folder / "first.vhd");
    const worn_disk second(folder / "second.vhd");
    const brake brake;
    program held(brake.on({HELD_event_loop, first.name(), second.name()}));
    REQUIRE(brake.holds());
    REQUIRE(held.says("second.vhd: 0 %\n")); // it watches for signals by now

    ::kill(held.id(), SIGINT);
    REQUIRE(held.says("interrupted, stopping\n"));
    brake.release();

    CHECK(held.wait() == 130);
    for (const worn_disk* disk : {&first, &second}) {
        CHECK_THAT(held.heard(), ContainsSubstring(disk->name() + ": cancelled, the disk is whole\n"));
        CHECK(disk->is_whole());
    }
}

TEST_CASE("the event loop example refuses bad usage", "[examples]")
{
    const std::vector<std::vector<std::string>> bad = {{}, {"--limit", "5"}, {"--limit", "x", "a"}, {"--help"}};
    for (std::vector<std::string> command : bad) {
        command.insert(command.begin(), EXAMPLE_event_loop);
        const outcome ended = run(command);
        CHECK(ended.code == 2);
        CHECK_THAT(ended.output, ContainsSubstring("usage: event_loop"));
    }
}
