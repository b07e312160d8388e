// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/compact_image.hpp>
#include <vmtask/vhd/image.hpp>
#include <vmtask/vhd/layout.hpp>

#include "support/catch.hpp"
#include "support/sanitized.hpp"
#include "support/vhd/compacting.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/memory_store.hpp"
#include "support/vhd/verdict.hpp"

#include <cstdint>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;

TEST_CASE("a guest finds its data after compacting, again and again", "[vhd][compact]")
{
    const std::uint32_t block_size = GENERATE(512U, 64U << 10, 512U << 10, 2U << 20);
    const std::uint32_t seed = GENERATE(range(1U, is_sanitized ? 2U : 3U));
    const std::uint64_t size = 24ULL * block_size + 512;
    memory_store store = make_disk(size, block_size);
    guest someone(size, seed);
    for (int round = 0; round < 2; ++round) {
        {
            vhd::image disk(store);
            someone.scribble(disk, 25);
            someone.clear_blocks(disk, 3);
            disk.flush();
        }
        const std::uint64_t before = vhd::read_layout(store).allocated_blocks();
        const vhd::compact_report report = compact(store, 3ULL * block_size);

        CHECK(is_same(contents(store), someone.expected()));
        CHECK(report.blocks_scanned == before);
        CHECK(report.blocks_scanned - report.blocks_freed == someone.blocks_with_data(block_size));
        CHECK(vhd::read_layout(store).allocated_blocks() == someone.blocks_with_data(block_size));
        CHECK(report.file_size_after == store.size());
    }
}

TEST_CASE("a report says exactly what was done", "[vhd][compact]")
{
    memory_store store = disk_with_zeros();
    const std::uint64_t before = store.size();
    store.bytes_written = 0;
    const vhd::compact_report report = compact(store);

    CHECK(report.blocks_scanned == 10);
    CHECK(report.blocks_freed == 3);
    // 9 and 8 go to 2 and 3; 7 was free itself.
    CHECK(report.blocks_moved == 2);
    CHECK(report.file_size_before == before);
    CHECK(report.file_size_after == before - 3 * small_stored);
    CHECK(store.size() == report.file_size_after);
    CHECK(report.bytes_written == store.bytes_written);
    CHECK(report.bytes_written == 2 * small_stored + 2 * 40 + 512);
}

TEST_CASE("a compact image is not written to", "[vhd][compact]")
{
    memory_store store = disk_with_zeros();
    compact(store);
    store.writes = store.flushes = store.truncations = 0;
    const vhd::compact_report report = compact(store);

    CHECK(report.blocks_freed == 0);
    CHECK(report.blocks_moved == 0);
    CHECK(report.bytes_written == 0);
    CHECK(store.writes + store.truncations == 0);
    // Whoever was there before may have been killed before the last flush.
    CHECK(store.flushes == 1);
}

TEST_CASE("a disk of zeros only becomes as short as a new one", "[vhd][compact]")
{
    memory_store store = make_disk(10 * small_block);
    const std::uint64_t empty = store.size();
    clear_blocks(store, {5, 3, 8});
    CHECK(compact(store).blocks_freed == 3);
    CHECK(store.size() == empty);
    CHECK(vhd::read_layout(store).trailing_footer_valid);
}

TEST_CASE("a disk without blocks is compact", "[vhd][compact]")
{
    memory_store store = make_disk(10 * small_block);
    const vhd::compact_report report = compact(store);
    CHECK(report.blocks_scanned == 0);
    CHECK(report.file_size_after == report.file_size_before);
}

TEST_CASE("one byte anywhere in a block keeps it", "[vhd][compact]")
{
    const std::uint32_t at = GENERATE(0U, 511U, 512U, 40000U, small_block - 1);
    memory_store store = make_disk(3 * small_block);
    clear_blocks(store, {0, 1, 2});
    {
        vhd::image disk(store);
        std::vector<std::byte> sector(512);
        sector[at % 512] = std::byte{1};
        disk.write(small_block + at / 512 * 512, sector);
        disk.flush();
    }
    const auto before = contents(store);
    CHECK(compact(store).blocks_freed == 2);
    CHECK(is_same(contents(store), before));
}

TEST_CASE("data under clear bits does not keep a block", "[vhd][compact]")
{
    memory_store store = make_disk(3 * small_block);
    fill_blocks(store, {0, 1});
    const std::uint64_t place = std::uint64_t{vhd::read_layout(store).table[0]} * 512;
    store.write(place, std::vector<std::byte>(512)); // no sector of the first block was ever written
    CHECK(compact(store).blocks_freed == 1);

    // One bit in the middle is enough to keep it.
    store.write(std::uint64_t{vhd::read_layout(store).table[1]} * 512, std::vector<std::byte>(512));
    store.write(std::uint64_t{vhd::read_layout(store).table[1]} * 512 + 9, std::vector<std::byte>(1, std::byte{0x10}));
    const auto before = contents(store);
    CHECK(compact(store).blocks_freed == 0);
    CHECK(is_same(contents(store), before));
}

TEST_CASE("flushes are few", "[vhd][compact]")
{
    memory_store store = make_disk(400 * 4096, 4096);
    {
        vhd::image disk(store);
        for (std::uint64_t block = 0; block < 400; ++block)
            disk.write(block * 4096, block < 200 ? std::vector<std::byte>(4096) : noise(4096, std::uint32_t(block)));
        disk.flush();
    }
    store.flushes = 0;
    CHECK(compact(store, 50 * vhd::stored_block_bytes(4096)).blocks_moved == 200);
    // One for the freed blocks, one for each of four batches, one after them, two around the cut.
    CHECK(store.flushes == 1 + 4 + 1 + 2);
}
