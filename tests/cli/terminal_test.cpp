// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "support/vhd/temporary_folder.hpp"

#include "disk.hpp"
#include "held_program.hpp"
#include "vmtask_program.hpp"

#include <string>

using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("on a terminal one line shows the progress, again and again", "[cli]")
{
    temporary_folder folder;
    const std::string disk = (folder / "worn.vhd").string();
    make_worn_disk(disk);
    held_program run(folder, disk, hold_at::half_way, {}, standard_output::terminal);
    REQUIRE(run.is_held());
    // Two looks at a work that stands still: the line is drawn anew in its place.
    REQUIRE(run.says("looking for unused blocks\r\033[K["));
    run.let_go();
    CHECK(run.exit_code() == 0);
    CHECK_THAT(run.out(), ContainsSubstring("[###################] 100 %"));
    CHECK_THAT(run.out(), ContainsSubstring(": compacted from"));
    CHECK(run.out_lines().size() == 3); // the bar, and two of the result
}

TEST_CASE("a message on a terminal does not stand behind the bar", "[cli]")
{
    temporary_folder folder;
    const std::string disk = (folder / "worn.vhd").string();
    make_worn_disk(disk);
    held_program run(folder, disk, hold_at::half_way, {}, standard_output::terminal);
    REQUIRE(run.is_held());
    REQUIRE(run.says(" %"));
    run.send(SIGINT);
    REQUIRE(run.says_on_error("interrupted; stopping"));
    run.let_go();
    CHECK(run.exit_code() == 130);
    REQUIRE(run.out().size() > 4);
    CHECK(run.out().substr(run.out().size() - 4) == "\r\033[K");
}

TEST_CASE("machines on a terminal get no bar", "[cli]")
{
    temporary_folder folder;
    const std::string disk = (folder / "worn.vhd").string();
    make_worn_disk(disk);
    vmtask_program run({"compact", "--json", disk}, standard_output::terminal);
    CHECK(run.exit_code() == 0);
    CHECK_THAT(run.out(), !ContainsSubstring("\033"));
    CHECK_THAT(run.out(), ContainsSubstring("\"result\""));
}
