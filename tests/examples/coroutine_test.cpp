// SPDX-License-Identifier: BSL-1.0

#include "brake.hpp"
#include "worn_disk.hpp"

#include "support/catch.hpp"
#include "support/vhd/program.hpp"
#include "support/vhd/temporary_folder.hpp"

using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("the coroutine example compacts a disk", "[examples]")
{
    const temporary_folder folder;
    const worn_disk disk(folder / "disk.vhd");

    const outcome ended = run({EXAMPLE_coroutine, disk.name(), "600"});

    CHECK(ended.code == 0);
    CHECK_THAT(ended.output,
               ContainsSubstring(disk.name() + ": done, " + std::to_string(disk.worn_size()) + " -> "
                                 + std::to_string(disk.file_size()) + " bytes\n"));
    CHECK(disk.file_size() < disk.worn_size());
    CHECK(disk.is_whole());
}

TEST_CASE("the coroutine example shows the progress while it waits", "[examples]")
{
    const temporary_folder folder;
    const worn_disk disk(folder / "disk.vhd");
    const brake brake;
    program held(brake.on({HELD_coroutine, disk.name(), "600"}));

    REQUIRE(brake.holds());
    REQUIRE(held.says("0 %\n0 %\n0 %\n")); // each second anew
    brake.release();

    CHECK(held.wait() == 0);
    CHECK(disk.is_whole());
}

TEST_CASE("the coroutine example cancels a disk that is out of time", "[examples]")
{
    const temporary_folder folder;
    const worn_disk disk(folder / "disk.vhd");
    const brake brake;
    program held(brake.on({HELD_coroutine, disk.name(), "1"}));

    REQUIRE(held.says("out of time, stopping\n"));
    brake.release();

    CHECK(held.wait() == 1);
    CHECK_THAT(held.heard(), ContainsSubstring(disk.name() + ": cancelled, the disk is whole\n"));
    CHECK(disk.file_size() == disk.worn_size());
    CHECK(disk.is_whole());
}

TEST_CASE("the coroutine example says what is wrong with a disk", "[examples]")
{
    const temporary_folder folder;
    const std::string missing = (folder / "missing.vhd").string();

    const outcome ended = run({EXAMPLE_coroutine, missing, "600"});

    CHECK(ended.code == 1);
    CHECK_THAT(ended.output, ContainsSubstring(missing + ": there is no such file"));
}

TEST_CASE("the coroutine example refuses bad usage", "[examples]")
{
    const std::vector<std::vector<std::string>> bad = {{}, {"a"}, {"a", "soon"}, {"a", ""}, {"a", "5", "b"}};
    for (std::vector<std::string> command : bad) {
        command.insert(command.begin(), EXAMPLE_coroutine);
        const outcome ended = run(command);
        CHECK(ended.code == 2);
        CHECK_THAT(ended.output, ContainsSubstring("usage: coroutine"));
    }
}
