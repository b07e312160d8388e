// SPDX-License-Identifier: BSL-1.0
//
// The programs of the porting page: what is wrong with the first, and that it is
// not with the second.

#include "brake.hpp"
#include "source_text.hpp"
#include "worn_disk.hpp"

#include "support/catch.hpp"
#include "support/vhd/program.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <csignal>
#include <string>
#include <vector>

using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;

namespace {

struct two_disks {
    temporary_folder folder;
    worn_disk first{folder / "first.vhd"};
    worn_disk second{folder / "second.vhd"};
    std::string missing = (folder / "missing.vhd").string();

    [[nodiscard]] bool are_compact() const
    {
        return first.file_size() < first.worn_size() && second.file_size() < second.worn_size();
    }
    [[nodiscard]] bool are_whole() const { return first.is_whole() && second.is_whole(); }
};

} // namespace

TEST_CASE("the legacy program compacts a farm, before and after", "[examples][porting]")
{
    const two_disks disks;
    const std::string program = GENERATE(as<std::string>(), EXAMPLE_compact_farm_before, EXAMPLE_compact_farm_after);

    const outcome ended = run({program, "600", disks.first.name(), disks.second.name()});

    CHECK(ended.code == 0);
    CHECK_THAT(ended.output, ContainsSubstring(disks.first.name() + ": compacted"));
    CHECK_THAT(ended.output, ContainsSubstring(disks.second.name() + ": compacted"));
    CHECK(disks.are_compact());
    CHECK(disks.are_whole());
}

TEST_CASE("the legacy program calls a disk compacted that it has cancelled", "[examples][porting]")
{
    const two_disks disks;
    const brake brake;
    program held(brake.on({HELD_compact_farm_before, "1", disks.first.name()}));

    CHECK(held.says(disks.first.name() + ": compacted"));
    CHECK(disks.first.file_size() == disks.first.worn_size());
    brake.release();

    CHECK(held.wait() == 0);
    CHECK(disks.first.is_whole());
}

TEST_CASE("the ported program says of each disk that it was out of time", "[examples][porting]")
{
    const two_disks disks;
    const brake brake;
    program held(brake.on({HELD_compact_farm_after, "1", disks.first.name()}));

    REQUIRE(held.says("stopping\n"));
    brake.release();

    CHECK(held.wait() == 3);
    CHECK_THAT(held.heard(), ContainsSubstring(disks.first.name() + ": stopped at"));
    CHECK_THAT(held.heard(), !ContainsSubstring("compacted"));
    CHECK(disks.are_whole());
}

TEST_CASE("the ported program stops at Ctrl-C", "[examples][porting]")
{
    const two_disks disks;
    const brake brake;
    program held(brake.on({HELD_compact_farm_after, "600", disks.first.name()}));
    REQUIRE(brake.holds());

    ::kill(held.id(), SIGINT);
    REQUIRE(held.says("stopping\n"));
    brake.release();

    CHECK(held.wait() == 3);
    CHECK(disks.are_whole());
}

TEST_CASE("the legacy program hides that a disk was refused, and why", "[examples][porting]")
{
    const two_disks disks;
    const outcome ended = run({EXAMPLE_compact_farm_before, "600", disks.missing, disks.first.name()});

    CHECK(ended.code == 0);
    CHECK_THAT(ended.output, ContainsSubstring(disks.missing + ": There is no such file."));
}

TEST_CASE("the ported program says which disk was refused, and compacts the others", "[examples][porting]")
{
    const two_disks disks;
    const outcome ended =
        run({EXAMPLE_compact_farm_after, "600", disks.first.name(), disks.missing, disks.second.name()});

    CHECK(ended.code == 1);
    CHECK_THAT(ended.output, ContainsSubstring(disks.missing + ": refused, " + disks.missing));
    CHECK(disks.are_compact());
}

TEST_CASE("the legacy program begins before it checks its time limit", "[examples][porting]")
{
    const two_disks disks;
    const outcome ended = run({EXAMPLE_compact_farm_before, "50000", disks.first.name()});

    CHECK(ended.code == 0);
    CHECK_THAT(ended.output, ContainsSubstring("a number out of its range"));
}

TEST_CASE("the ported program checks its time limit before it begins", "[examples][porting]")
{
    const two_disks disks;
    for (const char* const seconds : {"0", "-1", "1000001", "x", "5x"}) {
        const outcome ended = run({EXAMPLE_compact_farm_after, seconds, disks.first.name()});
        CHECK(ended.code == 2);
        CHECK_THAT(ended.output, ContainsSubstring("usage: "));
    }
    CHECK(disks.first.file_size() == disks.first.worn_size());
}

TEST_CASE("the porting page shows what is in the programs", "[examples][porting][readme]")
{
    const std::string programs = read_source("examples/porting/compact_farm_before.cpp")
        + read_source("examples/porting/compact_farm_after.cpp");
    const std::vector<std::string> blocks = blocks_of(read_source("tasks/virtual_server/PORTING.md"), "cpp");

    REQUIRE(blocks.size() >= 2);
    for (const std::string& block : blocks) CHECK_THAT(programs, ContainsSubstring(block));
}
