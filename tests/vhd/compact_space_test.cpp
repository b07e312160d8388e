// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/compact_image.hpp>
#include <vmtask/vhd/create_file.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/image.hpp>
#include <vmtask/vhd/info.hpp>
#include <vmtask/vhd/layout.hpp>

#include "support/catch.hpp"
#include "support/vhd/compacting.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/memory_store.hpp"
#include "support/vhd/power_cut.hpp"
#include "support/vhd/recording_monitor.hpp"
#include "support/vhd/recording_store.hpp"
#include "support/vhd/temporary_folder.hpp"
#include "support/vhd/verdict.hpp"

#include <cstdint>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;

TEST_CASE("holes of the file count as zeros and are not read", "[vhd][compact]")
{
    memory_store store = make_disk(4ULL << 20, 512U << 10);
    {
        vhd::image disk(store);
        for (std::uint64_t block = 0; block < 8; ++block)
            disk.write(block << 19, std::vector<std::byte>(512, std::byte{block == 5}));
        disk.flush();
    }
    store.bytes_read = 0;
    const vhd::compact_report report = compact(store);
    CHECK(report.blocks_freed == 7);
    // A page of each, their bitmaps beside, and once more what moved.
    CHECK(report.bytes_read < 16 * 4096);
    CHECK(store.bytes_read < 32 * 4096);
}

TEST_CASE("a sparse file stays sparse", "[vhd][compact]")
{
    memory_store store = make_disk(8ULL << 20, 512U << 10);
    {
        // A sector in each block; of every fourth it becomes zero.
        vhd::image disk(store);
        for (std::uint64_t block = 0; block < 16; ++block)
            disk.write((block << 19) + (block << 14), noise(512, std::uint32_t(block)));
        for (std::uint64_t block = 0; block < 16; block += 4)
            disk.write((block << 19) + (block << 14), std::vector<std::byte>(512));
        disk.flush();
    }
    const auto before = contents(store);
    const std::uint64_t allocated = store.allocated_bytes();
    CHECK(compact(store).blocks_moved > 0);
    CHECK(is_same(contents(store), before));
    CHECK(store.allocated_bytes() <= allocated);
}

TEST_CASE("zeros that are no hole become none where there is one", "[vhd][compact]")
{
    memory_store store = make_disk(4ULL << 20, 512U << 10);
    {
        // A hole but for one sector that becomes zero; then zeros but for one sector.
        vhd::image disk(store);
        disk.write(0, noise(512, 1));
        disk.write(0, std::vector<std::byte>(512));
        disk.write(512U << 10, std::vector<std::byte>(512U << 10));
        disk.write(512U << 10, noise(512, 2));
        disk.flush();
    }
    const auto before = contents(store);
    CHECK(compact(store).blocks_moved == 1);
    CHECK(is_same(contents(store), before));
    CHECK(store.allocated_bytes() < 200U << 10);
}

TEST_CASE("a hole as large as many blocks is looked for once", "[vhd][compact]")
{
    memory_store store = make_disk(4000 * 4096, 4096);
    {
        vhd::image disk(store);
        disk.write(3999 * 4096, noise(512, 1));
        disk.flush();
    }
    // Places for all the others, in a hole behind the one with data.
    vhd::sector footer{};
    store.read(0, footer);
    const auto first = static_cast<std::uint32_t>(store.size() / 512);
    for (std::uint32_t block = 0; block < 3999; ++block) set_entry(store, block, first + 9 * block);
    store.write((first + 9 * 3999ULL) * 512, footer);
    store.searches = 0;
    CHECK(compact(store).blocks_freed == 3999);
    CHECK(store.searches < 20);
}

TEST_CASE("a place that had data is cleaned for a block that has holes", "[vhd][compact]")
{
    memory_store store = make_disk(4 * small_block);
    fill_blocks(store, {0, 1, 2});
    {
        // The last block is a hole but for one sector; the first has data, none of it ever written.
        vhd::image disk(store);
        disk.write(3 * small_block + 512, noise(512, 9));
        disk.flush();
    }
    store.write(std::uint64_t{vhd::read_layout(store).table[0]} * 512, std::vector<std::byte>(512));
    const auto before = contents(store);
    CHECK(compact(store).blocks_moved == 1);
    CHECK(is_same(contents(store), before));

    // Whoever does not look at bitmaps sees the same.
    std::vector<std::byte> data(small_block);
    store.read(std::uint64_t{vhd::read_layout(store).table[3]} * 512 + 512, data);
    CHECK(std::equal(data.begin(), data.end(), before.begin() + 3 * small_block));
}

TEST_CASE("space that belongs to no block is used", "[vhd][compact]")
{
    memory_store store = make_disk(10 * small_block);
    fill_blocks(store, {0, 1, 2, 3});
    const std::uint64_t size = store.size();
    set_entry(store, 1, vhd::unallocated); // what a program killed in the middle leaves
    const auto before = contents(store);
    const vhd::compact_report report = compact(store);
    CHECK(report.blocks_freed == 0);
    CHECK(report.blocks_moved == 1);
    CHECK(store.size() == size - small_stored);
    CHECK(is_same(contents(store), before));
}

TEST_CASE("what lies behind the last block is cut off", "[vhd][compact]")
{
    memory_store store = make_disk(10 * small_block);
    fill_blocks(store, {0});
    const std::uint64_t size = store.size();
    const std::uint64_t slack = GENERATE(512U, 1000U, 100000U);
    vhd::sector footer{};
    store.read(0, footer);
    store.write(size - 512 + slack, footer);
    const auto before = contents(store);
    compact(store);
    CHECK(store.size() == size);
    CHECK(is_same(contents(store), before));
}

TEST_CASE("a footer that would overlap the one that counts is left where it is", "[vhd][compact]")
{
    memory_store store = make_disk(10 * small_block);
    fill_blocks(store, {0});
    vhd::sector footer{};
    store.read(0, footer);
    spoil(store, 100);
    store.write(store.size() - 512 + 100, footer);
    store.writes = 0;
    compact(store);
    CHECK(store.writes == 0);
}

TEST_CASE("an image without a footer at its end gets one", "[vhd][compact]")
{
    memory_store store = disk_with_zeros();
    SECTION("with work to do") {}
    SECTION("with nothing else to do")
    {
        compact(store);
    }
    SECTION("when the last sector is the last block's")
    {
        compact(store);
        store.truncate(store.size() - 512);
    }
    if (vhd::read_layout(store).trailing_footer_valid) spoil(store, store.size() - 1);
    const auto before = contents(store);
    compact(store);
    CHECK(vhd::read_layout(store).trailing_footer_valid);
    CHECK(is_same(contents(store), before));
    store.writes = 0;
    compact(store);
    CHECK(store.writes == 0);
}

TEST_CASE("blocks that lie in no order and on no grid are compacted", "[vhd][compact]")
{
    memory_store store = make_disk(12 * small_block);
    fill_blocks(store, {7, 2, 11, 0, 5});
    const vhd::layout old = vhd::read_layout(store);
    // Move two of them by odd distances behind the rest.
    std::vector<std::byte> block(small_stored);
    std::uint64_t place = store.size() / 512 * 512 + 3 * 512;
    for (const std::uint32_t number : {2U, 0U}) {
        store.read(std::uint64_t{old.table[number]} * 512, block);
        store.write(place, block);
        set_entry(store, number, static_cast<std::uint32_t>(place / 512));
        place += small_stored + 5 * 512;
    }
    store.write(place, old.footer_bytes);
    clear_blocks(store, {7});

    const auto before = contents(store);
    const vhd::compact_report report = compact(store);
    CHECK(report.blocks_freed == 1);
    // The two from the end, and one that then is last.
    CHECK(report.blocks_moved == 3);
    CHECK(is_same(contents(store), before));
    CHECK(store.size() == 2048 + 4 * small_stored + 512);
}

TEST_CASE("table entries beyond the disk are kept with their blocks", "[vhd][compact]")
{
    memory_store store = disk_with_zeros();
    const auto before = contents(store);
    // As if the disk had been shrunk without its table.
    change_footer(store, [](vhd::disk_footer& footer) { footer.current_size = 5 * small_block; });
    CHECK(compact(store).blocks_freed == 3);
    change_footer(store, [](vhd::disk_footer& footer) { footer.current_size = 10 * small_block; });
    CHECK(is_same(contents(store), before));
}

TEST_CASE("what follows the table in its last sector is not touched", "[vhd][compact]")
{
    memory_store store = disk_with_zeros();
    store.write(1536 + 40, noise(512 - 40, 4));
    compact(store);
    std::vector<std::byte> rest(512 - 40);
    store.read(1536 + 40, rest);
    CHECK(rest == noise(512 - 40, 4));
}

namespace {

/// A disk of four blocks with zeros inside, as a guest that has cleared files leaves them.
memory_store make_half_empty_disk()
{
    memory_store store = make_disk(4 * small_block);
    fill_blocks(store, {0, 2, 3});
    vhd::image disk(store);
    disk.write(8192 + 512, std::vector<std::byte>(30000 / 512 * 512));
    disk.write(3 * small_block, std::vector<std::byte>(small_block / 2));
    disk.flush();
    return store;
}

vhd::compact_report compact_deeply(vhd::byte_store& store)
{
    recording_monitor monitor;
    vhd::compact_options options;
    options.punch_holes = true;
    const auto report = vhd::compact_image(store, monitor, options);
    CHECK_FALSE(monitor.fell_or_changed);
    CHECK(monitor.done == monitor.total);
    return report;
}

} // namespace

TEST_CASE("a compact that is asked to gives zeroed pages inside of blocks back", "[vhd][compact]")
{
    memory_store store = make_half_empty_disk();
    const auto data = contents(store);
    const auto before = store.allocated_bytes();
    memory_store plain = store;
    recording_monitor monitor;
    CHECK(vhd::compact_image(plain, monitor).bytes_punched == 0);
    CHECK(plain.allocated_bytes() == before);

    const auto report = compact_deeply(store);
    CHECK(report.bytes_punched == before - store.allocated_bytes());
    CHECK(report.bytes_punched >= (6U + 7U) * 4096);
    CHECK(what_is_wrong(store, data) == "");
    CHECK(compact_deeply(store).bytes_punched == 0);
}

TEST_CASE("whenever the power goes while holes are punched, the disk is whole", "[vhd][compact][power_cut]")
{
    memory_store original = make_half_empty_disk();
    const auto data = contents(original);
    recording_store store(original);
    compact_deeply(store);
    std::size_t states = 0;
    const auto check = [&](memory_store& disk, std::size_t) {
        ++states;
        REQUIRE(what_is_wrong(disk, data) == "");
    };
    power_cut(original, store.events(), 1, 5).for_each_state(check);
    CHECK(states > 10);
}

TEST_CASE("the host's file system gets zeroed pages back, if it wants them", "[vhd][compact]")
{
    const temporary_folder folder;
    const auto path = folder / "disk.vhd";
    vhd::create_file(path, {.size_bytes = 4U << 20});
    {
        vhd::file_store store(path, vhd::file_access::write);
        vhd::image disk(store);
        disk.write(0, noise(1U << 20, 1));
        disk.write(1U << 20, std::vector<std::byte>(1U << 20));
        disk.flush();
    }
    const auto before = vhd::read_info(path).allocated_on_host;
    {
        vhd::file_store store(path, vhd::file_access::write);
        if (compact_deeply(store).bytes_punched == 0) WARN("this file system has no holes");
        else CHECK(vhd::image(store).next_data(1U << 20) == 4U << 20);
    }
    CHECK(vhd::read_info(path).allocated_on_host <= before);
}
