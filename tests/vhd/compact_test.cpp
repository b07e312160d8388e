// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/compact_image.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/image.hpp>
#include <vmtask/vhd/layout.hpp>

#include "support/catch.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/memory_store.hpp"
#include "support/vhd/recording_monitor.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;
using vhd::errc;

namespace {

constexpr std::uint64_t stored = vhd::stored_block_bytes(small_block);

vhd::compact_report compact(memory_store& store, std::uint64_t batch_bytes = 3 * stored)
{
    recording_monitor monitor;
    return vhd::compact_image(store, monitor, {.batch_bytes = batch_bytes});
}

/// Ten blocks in the order of their numbers, of which 2, 3 and 7 are zeros.
memory_store disk_with_zeros()
{
    memory_store store = make_disk(10 * small_block);
    fill_blocks(store, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    clear_blocks(store, {2, 3, 7});
    return store;
}

/// Refused, and nothing but looked at.
void check_refused(memory_store& store, errc expected)
{
    recording_monitor monitor;
    store.writes = store.truncations = 0;
    const failure refused = failure_of([&] { vhd::compact_image(store, monitor); });
    CHECK(refused.code == expected);
    CHECK_THAT(refused.what, Catch::Matchers::StartsWith(store.name() + ": "));
    CHECK(refused.what.find('\n') == std::string::npos);
    CHECK(store.writes + store.truncations == 0);
}

} // namespace

TEST_CASE("a guest finds its data after compacting, again and again", "[vhd][compact]")
{
    const std::uint32_t block_size = GENERATE(512U, 64U << 10, 512U << 10, 2U << 20);
    const std::uint32_t seed = GENERATE(1U, 2U);
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

        CHECK(contents(store) == someone.expected());
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
    CHECK(report.file_size_after == before - 3 * stored);
    CHECK(store.size() == report.file_size_after);
    CHECK(report.bytes_written == store.bytes_written);
    CHECK(report.bytes_written == 2 * stored + 2 * 40 + 512);
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
    CHECK(store.writes + store.flushes + store.truncations == 0);
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
    CHECK(contents(store) == before);
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
    CHECK(contents(store) == before);
}

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
    CHECK(contents(store) == before);
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
    CHECK(contents(store) == before);
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
    CHECK(contents(store) == before);

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
    CHECK(store.size() == size - stored);
    CHECK(contents(store) == before);
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
    CHECK(contents(store) == before);
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
    CHECK(contents(store) == before);
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
    std::vector<std::byte> block(stored);
    std::uint64_t place = store.size() / 512 * 512 + 3 * 512;
    for (const std::uint32_t number : {2U, 0U}) {
        store.read(std::uint64_t{old.table[number]} * 512, block);
        store.write(place, block);
        set_entry(store, number, static_cast<std::uint32_t>(place / 512));
        place += stored + 5 * 512;
    }
    store.write(place, old.footer_bytes);
    clear_blocks(store, {7});

    const auto before = contents(store);
    const vhd::compact_report report = compact(store);
    CHECK(report.blocks_freed == 1);
    // The two from the end, and one that then is last.
    CHECK(report.blocks_moved == 3);
    CHECK(contents(store) == before);
    CHECK(store.size() == 2048 + 4 * stored + 512);
}

TEST_CASE("table entries beyond the disk are kept with their blocks", "[vhd][compact]")
{
    memory_store store = disk_with_zeros();
    const auto before = contents(store);
    // As if the disk had been shrunk without its table.
    change_footer(store, [](vhd::disk_footer& footer) { footer.current_size = 5 * small_block; });
    CHECK(compact(store).blocks_freed == 3);
    change_footer(store, [](vhd::disk_footer& footer) { footer.current_size = 10 * small_block; });
    CHECK(contents(store) == before);
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

TEST_CASE("images that cannot be compacted are refused before the first write", "[vhd][compact]")
{
    memory_store store = disk_with_zeros();
    SECTION("differencing")
    {
        change_footer(store, [](vhd::disk_footer& footer) { footer.type = vhd::disk_type::differencing; });
        check_refused(store, errc::differencing_disk);
    }
    SECTION("in a saved state")
    {
        change_footer(store, [](vhd::disk_footer& footer) { footer.saved_state = 1; });
        check_refused(store, errc::saved_state);
    }
    SECTION("fixed")
    {
        memory_store fixed = make_fixed_disk(std::vector<std::byte>(8192));
        check_refused(fixed, errc::fixed_disk);
    }
    SECTION("with overlapping blocks")
    {
        set_entry(store, 3, vhd::read_layout(store).table[2] + 1);
        check_refused(store, errc::blocks_overlap);
    }
    SECTION("with a block outside the file")
    {
        set_entry(store, 3, 0xFFFFFF);
        check_refused(store, errc::block_out_of_range);
    }
    SECTION("with both footers damaged")
    {
        spoil(store, 100);
        spoil(store, store.size() - 100);
        check_refused(store, errc::bad_footer_checksum);
    }
    SECTION("with a damaged header")
    {
        spoil(store, 800);
        check_refused(store, errc::bad_header_checksum);
    }
    SECTION("with XenServer's block map behind the table")
    {
        memory_store xen = make_disk(10 * small_block);
        const std::array cookie{'t', 'd', 'b', 'a', 't', 'm', 'a', 'p'};
        xen.write(2048, std::as_bytes(std::span(cookie)));
        vhd::sector footer{};
        xen.read(0, footer);
        xen.write(4096, footer);
        check_refused(xen, errc::foreign_block_map);
    }
    SECTION("empty")
    {
        memory_store empty;
        check_refused(empty, errc::empty_file);
    }
}

TEST_CASE("a cancel at any checkpoint leaves the disk whole, and the next run finishes", "[vhd][compact]")
{
    const memory_store original = disk_with_zeros();
    memory_store finished = original;
    compact(finished, stored);
    memory_store reference = original;
    const auto expected = contents(reference);

    std::uint64_t stops = 0;
    for (bool stopped = true; stopped; ++stops) {
        memory_store store = original;
        recording_monitor monitor;
        monitor.stop_at_checkpoint = stops;
        const failure failed = failure_of([&] { vhd::compact_image(store, monitor, {.batch_bytes = stored}); });
        stopped = failed.code == std::errc::operation_canceled;
        REQUIRE((stopped || !failed.code));
        REQUIRE(contents(store) == expected);
        compact(store, stored);
        REQUIRE(contents(store) == expected);
        REQUIRE(store.size() == finished.size());
    }
    // At each of ten blocks, before the first write, and at each of two moves.
    CHECK(stops == 10 + 1 + 2 + 1);
}

TEST_CASE("a cancel at the point of no return leaves the file uncut", "[vhd][compact]")
{
    memory_store store = disk_with_zeros();
    const std::uint64_t size = store.size();
    const auto before = contents(store);
    store.truncations = 0;
    recording_monitor monitor;
    monitor.stop_at_point_of_no_return = true;
    CHECK(failure_of([&] { vhd::compact_image(store, monitor); }).code == std::errc::operation_canceled);
    CHECK(store.size() == size);
    CHECK(store.truncations == 0);
    CHECK(contents(store) == before);
    CHECK(compact(store).file_size_after == size - 3 * stored);
}

TEST_CASE("progress in bytes rises to its total and names the steps", "[vhd][compact]")
{
    memory_store store = disk_with_zeros();
    recording_monitor monitor;
    vhd::compact_image(store, monitor);
    CHECK_FALSE(monitor.fell_or_changed);
    CHECK(monitor.done == monitor.total);
    CHECK(monitor.total >= 12 * stored);
    CHECK(monitor.past_return);
    CHECK(monitor.steps
          == std::vector<std::string>{"looking for unused blocks", "releasing unused blocks", "moving blocks",
                                      "cutting the file"});
}

TEST_CASE("a compact image has its progress too, and no point of no return", "[vhd][compact]")
{
    memory_store store = make_disk(10 * small_block);
    fill_blocks(store, {0, 1});
    recording_monitor monitor;
    vhd::compact_image(store, monitor);
    CHECK(monitor.done == monitor.total);
    CHECK(monitor.total > 0);
    CHECK_FALSE(monitor.past_return);
}
