// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/image.hpp>

#include "support/catch.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/memory_store.hpp"
#include "support/vhd/verdict.hpp"

#include <array>
#include <cstdint>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;
using vhd::errc;

namespace {

const std::vector<std::byte> one_sector(512, std::byte{7});

} // namespace

TEST_CASE("a disk never written to is all zeros", "[vhd][image]")
{
    memory_store store = make_disk(10 * small_block - 512);
    CHECK(contents(store) == std::vector<std::byte>(10 * small_block - 512));
}

TEST_CASE("a guest reads what it wrote, at once and after opening again", "[vhd][image]")
{
    const std::uint32_t block_size = GENERATE(512U, 4096U, 64U << 10, 512U << 10);
    const std::uint64_t size = 20ULL * block_size - (block_size > 512 ? 512 : 0);
    memory_store store = make_disk(size, block_size);
    guest someone(size, block_size);
    for (int session = 0; session < 3; ++session) {
        vhd::image disk(store);
        for (int i = 0; i < 3; ++i) {
            someone.scribble(disk, 8);
            if (i == 1) disk.flush();
            std::vector<std::byte> seen(size);
            disk.read(0, seen);
            REQUIRE(is_same(seen, someone.expected()));
        }
        disk.flush();
        REQUIRE(is_same(contents(store), someone.expected()));
    }
}

TEST_CASE("the last sector of a last block that is not whole can be used", "[vhd][image]")
{
    const std::uint64_t size = 2 * small_block + 512;
    memory_store store = make_disk(size);
    {
        vhd::image disk(store);
        disk.write(size - 512, one_sector);
        CHECK(failure_of([&] { disk.write(size, one_sector); }).code == errc::beyond_the_end);
        disk.flush();
    }
    auto seen = contents(store);
    CHECK(std::equal(one_sector.begin(), one_sector.end(), seen.end() - 512));
}

TEST_CASE("a write gives places only to the blocks that it touches", "[vhd][image]")
{
    memory_store store = make_disk(10 * small_block);
    vhd::image disk(store);
    disk.write(2 * small_block - 512, std::vector<std::byte>(1024));
    for (std::uint32_t block = 0; block < 11; ++block) CHECK(disk.is_allocated(block) == (block == 1 || block == 2));
}

TEST_CASE("a sector whose bit is clear is zero, whatever lies there", "[vhd][image]")
{
    memory_store store = make_disk(2 * small_block);
    fill_blocks(store, {0});
    const std::uint64_t place = std::uint64_t{vhd::read_layout(store).table[0]} * 512;
    spoil(store, place); // 0xFF becomes 0xAA: every second sector was never written

    const auto written = noise(small_block, 1);
    const auto seen = contents(store);
    for (std::size_t sector = 0; sector < 16; ++sector) {
        const bool is_set = sector >= 8 || sector % 2 == 0;
        CHECK(
            std::equal(seen.begin() + std::ptrdiff_t(sector * 512), seen.begin() + std::ptrdiff_t(sector * 512 + 512),
                       is_set ? written.begin() + std::ptrdiff_t(sector * 512) : std::vector<std::byte>(512).begin()));
    }

    vhd::image disk(store);
    disk.write(512, one_sector);
    disk.flush();
    std::vector<std::byte> three(3 * 512);
    vhd::image(store).read(512, three);
    CHECK(std::equal(one_sector.begin(), one_sector.end(), three.begin()));
    CHECK(std::equal(three.begin() + 1024, three.end(), std::vector<std::byte>(512).begin()));
}

TEST_CASE("only whole sectors within the disk are read and written", "[vhd][image]")
{
    memory_store store = make_disk(10 * small_block);
    vhd::image disk(store);
    std::vector<std::byte> bytes(1024);
    CHECK(failure_of([&] { disk.read(1, bytes); }).code == errc::unaligned_access);
    CHECK(failure_of([&] { disk.write(0, std::span(bytes).first(100)); }).code == errc::unaligned_access);
    CHECK(failure_of([&] { disk.read(10 * small_block - 512, bytes); }).code == errc::beyond_the_end);
    CHECK(failure_of([&] { disk.read(~0ULL - 511, bytes); }).code == errc::beyond_the_end);
    CHECK_FALSE(failure_of([&] { disk.read(10 * small_block, std::span<std::byte>()); }).code);
    CHECK(store.size() == 2560);
}

TEST_CASE("nothing of a new block counts before it is flushed", "[vhd][image]")
{
    memory_store store = make_disk(10 * small_block);
    {
        vhd::image disk(store);
        disk.write(0, one_sector);
    }
    CHECK(contents(store) == std::vector<std::byte>(10 * small_block));
    fill_blocks(store, {1});
    CHECK(vhd::read_layout(store).allocated_blocks() == 1);
}

TEST_CASE("an image that grew ends in a footer, and starts with one", "[vhd][image]")
{
    memory_store store = make_disk(10 * small_block);
    SECTION("when the copy at the start was good") {}
    SECTION("when the copy at the start was bad")
    {
        spoil(store, 100);
    }
    SECTION("when the footer at the end was bad")
    {
        spoil(store, store.size() - 100);
    }
    SECTION("when there is space behind the blocks")
    {
        vhd::sector footer{};
        store.read(0, footer);
        store.write(3 * small_block, footer);
    }
    SECTION("when there is space behind the blocks and no footer")
    {
        store.truncate(5 * small_block);
    }
    fill_blocks(store, {3, 1});
    const vhd::layout disk = vhd::read_layout(store);
    CHECK(disk.leading_footer_valid);
    CHECK(disk.trailing_footer_valid);
    CHECK(disk.allocated_blocks() == 2);
}

TEST_CASE("a new block is clean although the file had something in its place", "[vhd][image]")
{
    memory_store store = make_disk(10 * small_block);
    vhd::sector footer{};
    store.read(0, footer);
    store.write(2048, noise(5 * small_block, 3));
    store.write(2048 + 5 * small_block, footer);
    vhd::image disk(store);
    disk.write(0, one_sector);
    disk.flush();

    std::vector<std::byte> data(small_block);
    store.read(std::uint64_t{vhd::read_layout(store).table[0]} * 512 + 512, data);
    CHECK(std::equal(one_sector.begin(), one_sector.end(), data.begin()));
    CHECK(std::all_of(data.begin() + 512, data.end(), [](std::byte b) { return b == std::byte{}; }));
}

TEST_CASE("the data of new blocks of the usual sizes lies on whole pages", "[vhd][image]")
{
    memory_store store = make_disk(10 * (2U << 20), 2U << 20);
    vhd::image disk(store);
    for (const std::uint32_t block : {4U, 2U}) {
        disk.write(std::uint64_t{block} << 21, one_sector);
        CHECK((disk.layout().table[block] + 1) % 8 == 0);
    }
}

TEST_CASE("many new blocks between two flushes are no matter", "[vhd][image]")
{
    memory_store store = make_disk(1000 * 512, 512);
    guest someone(1000 * 512, 5);
    {
        vhd::image disk(store);
        for (std::uint64_t at = 0; at < 1000 * 512; at += 512) someone.write(disk, at, noise(512, std::uint32_t(at)));
        disk.flush();
    }
    CHECK(is_same(contents(store), someone.expected()));
}

TEST_CASE("a fixed disk is read and written like any other", "[vhd][image]")
{
    memory_store store = make_fixed_disk(noise(8192, 1));
    vhd::image disk(store);
    CHECK(disk.type() == vhd::disk_type::fixed);
    CHECK(is_same(contents(store), noise(8192, 1)));
    disk.write(8192 - 512, one_sector);
    disk.flush();
    CHECK(std::equal(one_sector.begin(), one_sector.end(), contents(store).end() - 512));
    CHECK(failure_of([&] { disk.write(8192, one_sector); }).code == errc::beyond_the_end);
}

TEST_CASE("a differencing disk is recognised but not read without its parent", "[vhd][image]")
{
    memory_store store = make_disk(10 * small_block);
    change_footer(store, [](vhd::disk_footer& footer) { footer.type = vhd::disk_type::differencing; });
    vhd::image disk(store);
    std::vector<std::byte> bytes(512);
    CHECK(disk.type() == vhd::disk_type::differencing);
    CHECK(failure_of([&] { disk.read(0, bytes); }).code == errc::differencing_disk);
    CHECK(failure_of([&] { disk.write(0, bytes); }).code == errc::differencing_disk);
}

TEST_CASE("a disk with a saved state is read but not written", "[vhd][image]")
{
    memory_store store = make_disk(10 * small_block);
    fill_blocks(store, {2});
    change_footer(store, [](vhd::disk_footer& footer) { footer.saved_state = 1; });
    vhd::image disk(store);
    std::vector<std::byte> bytes(small_block);
    disk.read(2 * small_block, bytes);
    CHECK(bytes == noise(small_block, 3));
    CHECK(failure_of([&] { disk.write(0, bytes); }).code == errc::saved_state);
}

TEST_CASE("a file at the format's limit takes no further block", "[vhd][image]")
{
    memory_store store = make_disk(10ULL << 21, 2U << 20);
    vhd::sector footer{};
    store.read(0, footer);
    // A block as far behind as sector numbers reach.
    constexpr std::uint32_t last = 0xFFFF'FFFE;
    set_entry(store, 0, last);
    store.write((std::uint64_t{last} + 4097) * 512, footer);

    vhd::image disk(store);
    CHECK(failure_of([&] { disk.write(2U << 20, one_sector); }).code == errc::disk_too_full);
}
