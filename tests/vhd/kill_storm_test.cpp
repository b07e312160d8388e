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

/// Kills a compact just after its change of this number, or in one of the next
/// two; returns whether it was killed, and not done before.
bool compact_and_kill(const std::filesystem::path& path, std::uint64_t change)
{
    program worker({VMTASK_VHD_WORKER, "compact", path.string()});
    worker.say(std::string(change + 2, '.'));
    if (worker.says("\n" + std::to_string(change) + "\n")) ::kill(worker.id(), SIGKILL);
    const int code = worker.wait();
    REQUIRE((code == 0 || code == 128 + SIGKILL));
    return code != 0;
}

/// Lets a compact finish; returns the number of changes it made.
std::uint64_t compact_wholly(const std::filesystem::path& path)
{
    const outcome done = run({VMTASK_VHD_WORKER, "compact", path.string()});
    REQUIRE(done.code == 0);
    return static_cast<std::uint64_t>(std::ranges::count(done.output, '\n')) - 1;
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
