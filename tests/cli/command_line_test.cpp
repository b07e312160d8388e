// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "support/vhd/temporary_folder.hpp"

#include "vmtask_program.hpp"

#include <filesystem>
#include <string>
#include <vector>

using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;
using arguments = std::vector<std::string>;

TEST_CASE("help and version go to the standard output, and nothing else happens", "[cli]")
{
    const auto [asked, answer] =
        GENERATE(std::pair{arguments{"--help"}, "compact"}, std::pair{arguments{"-h"}, "create"},
                 std::pair{arguments{"create", "--help"}, "--block-size"},
                 std::pair{arguments{"compact", "--help"}, "--timeout"}, std::pair{arguments{"info", "--help"}, "DISK"},
                 std::pair{arguments{"set-parent", "--help"}, "--ignore-id-mismatch"},
                 std::pair{arguments{"--version"}, "vmtask 0."});
    CAPTURE(asked);
    vmtask_program run(asked);
    CHECK(run.exit_code() == 0);
    CHECK_THAT(run.out(), ContainsSubstring(answer));
    CHECK(run.err().empty());
}

TEST_CASE("the help of each command has its exit codes", "[cli]")
{
    const arguments asked =
        GENERATE(arguments{"--help"}, arguments{"create", "--help"}, arguments{"compact", "--help"});
    vmtask_program run(asked);
    CHECK(run.exit_code() == 0);
    CHECK_THAT(run.out(), ContainsSubstring("3 timed out") && ContainsSubstring("130 interrupted"));
}

TEST_CASE("a command line that makes no sense is refused in one line, with 2", "[cli]")
{
    const auto [given, reason] = GENERATE(table<arguments, std::string>({
        {arguments{}, "a command is required"},
        {{"shrink"}, "shrink"},
        {{"--shrink"}, "--shrink"},
        {{"info"}, "DISK is required"},
        {{"info", ""}, "no file name"},
        {{"info", "a.vhd", "b.vhd"}, "b.vhd"},
        {{"info", "a.vhd", "--timeout", "1"}, "--timeout"},
        {{"create", "a.vhd"}, "--size is required"},
        {{"create", "--size", "10X", "a.vhd"}, "'10X' is not a size"},
        {{"create", "--size", "-1", "a.vhd"}, "'-1' is not a size"},
        {{"create", "--size=-1", "a.vhd"}, "'-1' is not a size"},
        {{"create", "--size", "1000", "a.vhd"}, "multiple of 512"},
        {{"create", "--size", "0", "a.vhd"}, "more than 0"},
        {{"create", "--size", "99999999999999999999", "a.vhd"}, "too large"},
        {{"create", "--size", "1G", "--block-size", "8T", "a.vhd"}, "too large"},
        {{"create", "--size", "1G", "--size", "2G", "a.vhd"}, "--size"},
        {{"create", "--size", "1G", "--type", "vhdx", "a.vhd"}, "cannot be created"},
        {{"create", "--size", "1G", "--sparse", "a.vhd"}, "is for fixed disks"},
        {{"create", "--size", "1G", "--type", "fixed", "--block-size", "2M", "a.vhd"}, "is for dynamic disks"},
        {{"convert", "a.vhd", "b.vhd"}, "--to is required"},
        {{"convert", "a.vhd", "--to", "raw"}, "TARGET is required"},
        {{"convert", "a.vhd", "b.vhd", "--to", "qcow2"}, "is no format"},
        {{"convert", "a.vhd", "b.vhd", "--to", "raw", "--from", "fixed"}, "is no format"},
        {{"create", "--type", "differencing", "a.vhd"}, "--parent is required"},
        {{"create", "--parent", "p.vhd", "--size", "1G", "a.vhd"}, "is for differencing disks"},
        {{"create", "--type", "differencing", "--parent", "p.vhd", "--sparse", "a.vhd"}, "is for fixed disks"},
        {{"merge"}, "CHILD is required"},
        {{"merge", "--into", "", "a.vhd"}, "no file name"},
        {{"merge", "--to", "fixed", "a.vhd"}, "is for a new disk"},
        {{"merge", "--into", "b.vhd", "--keep-child", "a.vhd"}, "is vain with --into"},
        {{"set-parent", "a.vhd"}, "PARENT is required"},
        {{"set-parent", "a.vhd", ""}, "no file name"},
        {{"set-parent", "a.vhd", "--parent", "b.vhd"}, "--parent"},
        {{"compact", "--timeout", "0", "a.vhd"}, "more than 0"},
        {{"compact", "--timeout", "-5", "a.vhd"}, "more than 0"},
        {{"compact", "--timeout", "soon", "a.vhd"}, "not a number of seconds"},
        {{"compact", "--timeout", "nan", "a.vhd"}, "not a number of seconds"},
        {{"compact", "--timeout", "inf", "a.vhd"}, "not a number of seconds"},
        {{"compact", "--timeout", "", "a.vhd"}, "not a number of seconds"},
    }));
    CAPTURE(given);
    vmtask_program run(given);
    CHECK(run.exit_code() == 2);
    CHECK(run.out().empty());
    REQUIRE(run.err_lines().size() == 1);
    CHECK_THAT(run.err(), ContainsSubstring(reason) && ContainsSubstring("--help'"));
}

TEST_CASE("a disk that no VHD can be is refused with 2, and not made", "[cli]")
{
    const arguments sizes = GENERATE(arguments{"--size", "3T"}, arguments{"--size", "1G", "--block-size", "3M"});
    temporary_folder folder;
    const std::string disk = (folder / "a.vhd").string();
    arguments given{"create", disk};
    given.insert(given.end(), sizes.begin(), sizes.end());

    vmtask_program run(given);
    CHECK(run.exit_code() == 2);
    REQUIRE(run.err_lines().size() == 1);
    CHECK_THAT(run.err(), ContainsSubstring(disk));
    CHECK_FALSE(std::filesystem::exists(disk));
}
