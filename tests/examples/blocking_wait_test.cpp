// SPDX-License-Identifier: BSL-1.0

#include "brake.hpp"
#include "worn_disk.hpp"

#include "support/catch.hpp"
#include "support/vhd/program.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <string>
#include <vector>

using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("the blocking example compacts a disk", "[examples]")
{
    const temporary_folder folder;
    const worn_disk disk(folder / "disk.vhd");
    std::vector<std::string> command{EXAMPLE_blocking_wait, disk.name(), "600"};
    const bool as_published = GENERATE(false, true);
    if (as_published) command.insert(command.begin() + 1, "--as-published");

    const outcome ended = run(command);

    CHECK(ended.code == 0);
    CHECK(ended.output == (as_published ? "nothing was thrown\n" : "compacted\n"));
    CHECK(disk.file_size() < disk.worn_size());
    CHECK(disk.is_whole());
}

TEST_CASE("the blocking example cancels a disk that is out of time", "[examples]")
{
    const temporary_folder folder;
    const worn_disk disk(folder / "disk.vhd");
    const brake brake;
    program held(brake.on({HELD_blocking_wait, disk.name(), "1"}));

    REQUIRE(held.says("the time is up, stopping\n"));
    brake.release();

    CHECK(held.wait() == 3);
    CHECK_THAT(held.heard(), ContainsSubstring("stopped; the disk is whole"));
    CHECK(disk.file_size() == disk.worn_size());
    CHECK(disk.is_whole());
}

TEST_CASE("the blocking example says what is wrong with a disk", "[examples]")
{
    const temporary_folder folder;
    const std::string missing = (folder / "missing.vhd").string();

    const outcome ended = run({EXAMPLE_blocking_wait, missing, "600"});

    CHECK(ended.code == 1);
    CHECK_THAT(ended.output, ContainsSubstring("cannot compact " + missing + ": "));
}

TEST_CASE("the blocking example refuses bad usage", "[examples]")
{
    const std::vector<std::vector<std::string>> bad = {{}, {"a"}, {"a", "5", "b"}, {"--as-published", "a"}};
    for (std::vector<std::string> command : bad) {
        command.insert(command.begin(), EXAMPLE_blocking_wait);
        const outcome ended = run(command);
        CHECK(ended.code == 2);
        CHECK_THAT(ended.output, ContainsSubstring("usage: blocking_wait"));
    }
}
