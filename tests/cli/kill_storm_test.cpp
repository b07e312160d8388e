// SPDX-License-Identifier: BSL-1.0

// The program is killed before each of the changes that a command makes to
// files: each write, flush, cut, and each name given. For merge see merge_test.

#include "support/catch.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/image.hpp>

#include "support/vhd/guest.hpp"
#include "support/vhd/verdict.hpp"

#include "disk.hpp"
#include "held_program.hpp"
#include "vmtask_program.hpp"

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <span>
#include <string>
#include <vector>

using namespace vmtask::test;
using namespace vmtask;

namespace {

namespace fs = std::filesystem;

/// Runs the command and kills it before that change; false if it came to its end.
bool run_and_kill(const temporary_folder& folder, const std::vector<std::string>& command, std::uint64_t change)
{
    bool was_held = false;
    {
        held_program run(folder, command, change);
        was_held = run.is_held();
        run.send(SIGKILL);
        CHECK(run.exit_code() == (was_held ? 1000 + SIGKILL : 0));
    }
    fs::remove(folder / "hold");
    return was_held;
}

void run_well(const std::vector<std::string>& command)
{
    vmtask_program run(command);
    INFO(run.err());
    REQUIRE(run.exit_code() == 0);
}

/// Whether the disk opens and its guest finds what it had, whatever follows it.
bool still_shows(const std::string& path, const std::vector<std::byte>& expected)
{
    vhd::file_store store(path, vhd::file_access::read);
    vhd::image disk(store);
    if (disk.size() < expected.size()) return false;
    std::vector<std::byte> seen(expected.size());
    disk.read(0, seen);
    return is_same(seen, expected);
}

/// Overwrites the footer at the end and the checksum of the header.
void damage(const std::string& path)
{
    vhd::file_store store(path, vhd::file_access::write);
    const std::array<std::byte, vhd::sector_size> zeros{};
    store.write(store.size() - zeros.size(), zeros);
    store.write(vhd::sector_size + 36, std::span(zeros).first(4));
}

/// Kills a command that works in place before each of its changes, and the next
/// one, too, in the midst of what is left; each time the disk is whole, and the
/// same command finishes.
std::uint64_t storm_in_place(const temporary_folder& folder, const std::string& disk,
                             const std::vector<std::string>& command, const std::vector<std::byte>& expected,
                             bool is_readable_meanwhile = true)
{
    const fs::path pristine = folder / "pristine.vhd";
    fs::copy_file(disk, pristine);
    std::uint64_t kills = 0;
    while (run_and_kill(folder, command, kills)) {
        INFO("killed before change " << kills);
        ++kills;
        if (is_readable_meanwhile) REQUIRE(still_shows(disk, expected));
        (void)run_and_kill(folder, command, kills / 2);
        if (is_readable_meanwhile) REQUIRE(still_shows(disk, expected));
        run_well(command);
        REQUIRE(still_shows(disk, expected));
        run_well({"check", disk});
        fs::copy_file(pristine, disk, fs::copy_options::overwrite_existing);
    }
    REQUIRE(still_shows(disk, expected));
    return kills;
}

/// Kills a command that makes a new file before each of its changes; the file is
/// whole or not there, and nothing else remains.
std::uint64_t storm_of_new_file(const temporary_folder& folder, const std::string& target,
                                const std::vector<std::string>& command, const std::vector<std::byte>& expected)
{
    const auto files_before = std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator());
    std::uint64_t kills = 0;
    for (bool was_held = true; was_held; ++kills) {
        INFO("killed before change " << kills);
        was_held = run_and_kill(folder, command, kills);
        if (fs::exists(target)) REQUIRE(is_same(guest_data(target), expected));
        else REQUIRE(was_held);
        fs::remove(target);
        REQUIRE(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == files_before);
    }
    return kills;
}

} // namespace

TEST_CASE("a compact killed before any of its changes leaves the disk whole, and is finished by the next",
          "[cli][kill_storm]")
{
    const temporary_folder folder;
    const std::string disk = (folder / "disk.vhd").string();
    make_worn_disk(disk);
    const std::vector<std::byte> expected = guest_data(disk);
    std::vector<std::string> command{"compact", disk};
    if (GENERATE(false, true)) command.emplace_back("--punch-holes");

    CHECK(storm_in_place(folder, disk, command, expected) > 8);
}

TEST_CASE("a resize killed before any of its changes leaves the disk whole, and is finished by the next",
          "[cli][kill_storm]")
{
    const temporary_folder folder;
    const std::string disk = (folder / "disk.vhd").string();
    make_worn_disk(disk);
    const std::vector<std::byte> expected = guest_data(disk);

    // Its table needs another sector then.
    CHECK(storm_in_place(folder, disk, {"resize", disk, "--size", "80M"}, expected) > 5);
}

TEST_CASE("a resize of a fixed disk killed before any of its changes is finished by the next", "[cli][kill_storm]")
{
    const temporary_folder folder;
    const std::string disk = (folder / "disk.vhd").string();
    run_well({"create", "--type", "fixed", "--size", "1M", disk});

    CHECK(storm_in_place(folder, disk, {"resize", disk, "--size", "3M"}, guest_data(disk)) > 3);
}

TEST_CASE("a repair killed before any of its changes is finished by the next", "[cli][kill_storm]")
{
    const temporary_folder folder;
    const std::string disk = (folder / "disk.vhd").string();
    make_worn_disk(disk);
    const std::vector<std::byte> expected = guest_data(disk);
    damage(disk);

    CHECK(storm_in_place(folder, disk, {"check", "--repair", disk}, expected, false) > 2);
}

TEST_CASE("a convert killed before any of its changes leaves no disk or a whole one", "[cli][kill_storm]")
{
    const temporary_folder folder;
    const std::string source = (folder / "source.vhd").string();
    const std::string target = (folder / "target.vhd").string();
    make_worn_disk(source);
    const std::vector<std::byte> expected = guest_data(source);
    const std::string format = GENERATE("fixed", "dynamic");

    CHECK(storm_of_new_file(folder, target, {"convert", source, target, "--to", format}, expected) > 5);
    CHECK(is_same(guest_data(source), expected));
}

TEST_CASE("a create killed before any of its changes leaves no disk or a whole one", "[cli][kill_storm]")
{
    const temporary_folder folder;
    const std::string disk = (folder / "disk.vhd").string();
    const std::string type = GENERATE("fixed", "dynamic");
    const std::vector<std::byte> expected(1U << 20);

    CHECK(storm_of_new_file(folder, disk, {"create", "--type", type, "--size", "1M", disk}, expected) > 3);
}
