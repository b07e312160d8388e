// SPDX-License-Identifier: BSL-1.0

// Real processes on real files are killed in the middle of their work.

#include <vmtask/vhd/compact_image.hpp>
#include <vmtask/vhd/create_file.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/image.hpp>

#include "support/catch.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/program.hpp"
#include "support/vhd/temporary_folder.hpp"
#include "support/vhd/verdict.hpp"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;

namespace {

/// Makes a disk with blocks to free and to move; returns what the guest sees.
std::vector<std::byte> make_used_disk(const std::filesystem::path& path, std::uint32_t block_size, std::uint32_t seed)
{
    vhd::create_options options;
    options.size_bytes = 30ULL * (512U << 10) - 512;
    options.block_size_bytes = block_size;
    vhd::create_file(path, options);
    vhd::file_store store(path, vhd::file_access::write);
    vhd::image disk(store);
    guest someone(options.size_bytes, seed);
    someone.scribble(disk, static_cast<int>(2 * options.size_bytes / block_size));
    someone.clear_blocks(disk, 3);
    disk.flush();
    return someone.expected();
}

/// Empty if the disk can be opened for writing by us at once, and is whole.
std::string what_is_wrong_with(const std::filesystem::path& path, const std::vector<std::byte>& expected)
{
    vhd::file_store store(path, vhd::file_access::write);
    return what_is_wrong(store, expected);
}

/// Kills paced work just after its change of this number, or in one of the next
/// two; returns whether it was killed, and not done before.
bool work_and_kill(const std::vector<std::string>& work, std::uint64_t change)
{
    program worker(work);
    worker.say(std::string(change + 2, '.'));
    if (worker.says("\n" + std::to_string(change) + "\n")) ::kill(worker.id(), SIGKILL);
    const int code = worker.wait();
    REQUIRE((code == 0 || code == 128 + SIGKILL));
    return code != 0;
}

bool compact_and_kill(const std::filesystem::path& path, std::uint64_t change)
{
    return work_and_kill({VMTASK_VHD_WORKER, "compact", path.string()}, change);
}

/// Lets paced work finish; returns the number of changes it made.
std::uint64_t work_wholly(const std::vector<std::string>& work)
{
    const outcome done = run(work);
    REQUIRE(done.code == 0);
    return static_cast<std::uint64_t>(std::ranges::count(done.output, '\n')) - 1;
}

std::uint64_t compact_wholly(const std::filesystem::path& path)
{
    return work_wholly({VMTASK_VHD_WORKER, "compact", path.string()});
}

} // namespace

TEST_CASE("a compact killed at random moments never harms the disk, and finishes in the end",
          "[vhd][compact][kill_storm]")
{
    const std::uint32_t block_size = GENERATE(512U << 10, 2U << 20);
    const temporary_folder folder;
    const auto pristine = folder / "pristine.vhd";
    const auto path = folder / "disk.vhd";
    const auto undisturbed = folder / "undisturbed.vhd";
    const auto expected = make_used_disk(pristine, block_size, 21);
    std::filesystem::copy_file(pristine, undisturbed);
    const std::uint64_t changes = compact_wholly(undisturbed);
    REQUIRE(changes > 5);

    std::mt19937 random(4);
    int finished = 0;
    for (int kills = 0; kills < 20 || finished == 0;) {
        std::filesystem::copy_file(pristine, path, std::filesystem::copy_options::overwrite_existing);
        bool was_killed = true;
        for (int left = 8; was_killed && left > 0; --left) {
            was_killed = compact_and_kill(path, 1 + random() % changes);
            kills += was_killed ? 1 : 0;
            REQUIRE(what_is_wrong_with(path, expected) == "");
        }
        compact_wholly(path);
        ++finished;
        REQUIRE(what_is_wrong_with(path, expected) == "");
        REQUIRE(std::filesystem::file_size(path) == std::filesystem::file_size(undisturbed));
    }
    CHECK(compact_wholly(path) <= 1); // to flush

    if (!is_installed("qemu-img")) {
        WARN("not compared by qemu-img, which is not installed");
        return;
    }
    const auto raw = folder / "disk.raw";
    std::ofstream(raw, std::ios::binary)
        .write(reinterpret_cast<const char*>(expected.data()), static_cast<std::streamsize>(expected.size()));
    const outcome compared = run({"qemu-img", "compare", "-f", "vpc", "-F", "raw", path.string(), raw.string()});
    INFO(compared.output);
    CHECK(compared.code == 0);
}

TEST_CASE("a resize killed at random moments leaves the old or the new disk, and finishes in the end",
          "[vhd][resize][kill_storm]")
{
    const temporary_folder folder;
    const auto pristine = folder / "pristine.vhd";
    const auto path = folder / "disk.vhd";
    const bool is_fixed = GENERATE(false, true);
    std::vector<std::byte> expected;
    if (is_fixed) {
        expected.resize(1U << 20);
        vhd::create_file(pristine, {.size_bytes = expected.size(), .type = vhd::disk_type::fixed});
    } else {
        expected = make_used_disk(pristine, 512U << 10, 22);
    }
    // The table of the dynamic one needs more than a sector then.
    const std::uint64_t size = is_fixed ? 3ULL << 20 : 600ULL << 20;
    std::filesystem::copy_file(pristine, path);
    const std::vector<std::string> resize{VMTASK_VHD_WORKER, "resize", path.string(), std::to_string(size)};
    const std::uint64_t changes = work_wholly(resize);
    REQUIRE(changes > 3);

    for (std::uint64_t change = 1; change < changes; ++change) {
        std::filesystem::copy_file(pristine, path, std::filesystem::copy_options::overwrite_existing);
        (void)work_and_kill(resize, change);
        (void)work_and_kill(resize, 1 + change / 2);
        {
            vhd::file_store store(path, vhd::file_access::write);
            vhd::image disk(store);
            REQUIRE((disk.size() == expected.size() || disk.size() == size));
            std::vector<std::byte> seen(expected.size());
            disk.read(0, seen);
            REQUIRE(is_same(seen, expected));
        }
        work_wholly(resize);
        vhd::file_store store(path, vhd::file_access::write);
        REQUIRE(vhd::image(store).size() == size);
    }
}

TEST_CASE("a repair killed at any moment leaves no less of the disk, and finishes in the end",
          "[vhd][check][kill_storm]")
{
    const temporary_folder folder;
    const auto path = folder / "disk.vhd";
    const auto damaged = folder / "damaged.vhd";
    const auto expected = make_used_disk(damaged, 512U << 10, 23);
    {
        vhd::file_store store(damaged, vhd::file_access::write);
        const vhd::sector zeros{};
        store.write(store.size() - zeros.size(), zeros);
        store.write(512 + 36, std::span(zeros).first(4)); // the header's checksum
    }
    std::filesystem::copy_file(damaged, path);
    const std::vector<std::string> repair{VMTASK_VHD_WORKER, "repair", path.string()};
    const std::uint64_t changes = work_wholly(repair);
    REQUIRE(changes > 3);
    for (std::uint64_t change = 1; change < changes; ++change) {
        std::filesystem::copy_file(damaged, path, std::filesystem::copy_options::overwrite_existing);
        (void)work_and_kill(repair, change);
        work_wholly(repair);
        REQUIRE(what_is_wrong_with(path, expected) == "");
    }
}

TEST_CASE("a killed convert leaves a whole disk or nothing of its name, and its source", "[vhd][convert][kill_storm]")
{
    const temporary_folder folder;
    const auto source = folder / "source.vhd";
    const auto expected = make_used_disk(source, 512U << 10, 24);
    std::mt19937 random(6);
    int killed = 0;
    for (int i = 0; i < 20; ++i) {
        const auto path = folder / ("new" + std::to_string(i) + ".vhd");
        {
            program worker({VMTASK_VHD_WORKER, "convert", source.string(), path.string()});
            REQUIRE(worker.says("go"));
            for (auto turns = random() % 3000; turns > 0; --turns) (void)std::filesystem::exists(path);
            ::kill(worker.id(), SIGKILL);
            if (worker.wait() != 0) ++killed;
        }
        if (!std::filesystem::exists(path)) continue;
        vhd::file_store store(path, vhd::file_access::write);
        REQUIRE(is_same(contents(store), expected));
        std::filesystem::remove(path);
    }
    CHECK(killed > 0);
    REQUIRE(what_is_wrong_with(source, expected) == "");
    std::filesystem::remove(source);
    CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("a killed create leaves a whole disk or nothing of its name", "[vhd][create][kill_storm]")
{
    const std::uint64_t size = 2040ULL << 30; // whose table is written in many pieces
    const temporary_folder folder;
    std::mt19937 random(5);
    int killed = 0;
    for (int i = 0; i < 20; ++i) {
        const auto path = folder / ("disk" + std::to_string(i) + ".vhd");
        {
            program worker({VMTASK_VHD_WORKER, "create", path.string(), std::to_string(size)});
            REQUIRE(worker.says("go"));
            for (auto turns = random() % 3000; turns > 0; --turns) (void)std::filesystem::exists(path);
            ::kill(worker.id(), SIGKILL);
            if (worker.wait() != 0) ++killed;
        }
        if (!std::filesystem::exists(path)) continue;
        vhd::file_store store(path, vhd::file_access::write);
        const vhd::layout disk = vhd::read_layout(store);
        CHECK(disk.trailing_footer_valid);
        CHECK(disk.footer.current_size == size);
        CHECK(disk.allocated_blocks() == 0);
    }
    CHECK(killed > 0);
}
