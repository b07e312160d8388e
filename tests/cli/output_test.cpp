// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "support/patience.hpp"
#include "support/vhd/temporary_folder.hpp"
#include "support/vhd/verdict.hpp"

#include "disk.hpp"
#include "held_program.hpp"
#include "vmtask_program.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>

using namespace std::chrono_literals;
using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("a compaction whose report cannot be written is done, and says what is missing", "[cli]")
{
    const auto [where, reason] = GENERATE(table<standard_output, std::string>({
        {standard_output::full_disk, "No space left on device"},
        {standard_output::closed_pipe, "Broken pipe"},
        {standard_output::closed, "Bad file descriptor"},
    }));
    const std::string form = GENERATE("--json", "--timeout=3600");
    CAPTURE(reason, form);
    temporary_folder folder;
    const std::string disk = (folder / "worn.vhd").string();
    make_worn_disk(disk);
    const auto size = std::filesystem::file_size(disk);
    const auto data = guest_data(disk);

    vmtask_program run({"compact", form, disk}, where);
    CHECK(run.exit_code() == 1);
    REQUIRE(run.err_lines().size() == 1);
    CHECK_THAT(run.err(), ContainsSubstring("standard output: " + reason) && ContainsSubstring("is done"));
    CHECK(std::filesystem::file_size(disk) < size);
    CHECK(is_same(guest_data(disk), data));
}

TEST_CASE("help that cannot be written is a failure", "[cli]")
{
    vmtask_program run({"--help"}, standard_output::full_disk);
    CHECK(run.exit_code() == 1);
    CHECK_THAT(run.err(), ContainsSubstring("No space left on device"));
}

TEST_CASE("nobody misses what quiet did not write", "[cli]")
{
    temporary_folder folder;
    const std::string disk = (folder / "worn.vhd").string();
    make_worn_disk(disk);
    vmtask_program run({"compact", "--quiet", disk}, standard_output::full_disk);
    CHECK(run.exit_code() == 0);
    CHECK(run.err().empty());
}

TEST_CASE("a reader that does not read holds up neither the work nor Ctrl-C", "[cli]")
{
    temporary_folder folder;
    const std::string disk = (folder / "worn.vhd").string();
    make_worn_disk(disk);
    const auto data = guest_data(disk);
    held_program run(folder, disk, hold_at::half_way, {}, standard_output::never_read);
    REQUIRE(run.is_held());
    run.send(SIGINT);
    REQUIRE(run.says_on_error("interrupted; stopping"));
    // Long enough for several looks at the progress, none of which may get stuck.
    const auto end = std::chrono::steady_clock::now() + 400ms;
    for (std::size_t answers = 1; std::chrono::steady_clock::now() < end; ++answers) {
        run.send(SIGINT);
        REQUIRE(run.says_on_error("still stopping", answers));
    }
    run.let_go();
    CHECK(run.exit_code() == 130);
    CHECK(is_same(guest_data(disk), data));
}

TEST_CASE("when only the reader is waited for, Ctrl-C ends the program", "[cli]")
{
    temporary_folder folder;
    const std::string disk = (folder / "worn.vhd").string();
    make_worn_disk(disk);
    const auto data = guest_data(disk);
    const auto size = std::filesystem::file_size(disk);
    vmtask_program run({"compact", disk}, standard_output::never_read);
    REQUIRE(eventually([&] { return std::filesystem::file_size(disk) < size / 2; }));
    REQUIRE(eventually([&] {
        run.send(SIGINT);
        return run.has_ended();
    }));
    CHECK(run.exit_code() == 1000 + SIGINT);
    CHECK(is_same(guest_data(disk), data));
}
