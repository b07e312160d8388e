// SPDX-License-Identifier: BSL-1.0

// What check finds where things lie side by side, to the sector and to the bit.

#include <vmtask/vhd/check_image.hpp>

#include "support/catch.hpp"
#include "support/vhd/checking.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/memory_store.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;
using vhd::defect;
using vhd::sector_size;

namespace {

constexpr auto stored_sectors = static_cast<std::uint32_t>(vhd::stored_block_bytes(small_block) / sector_size);
constexpr std::uint32_t footer_place = 4000; // the sector of the one at the end

/// Six blocks, none of them with a place, in a file with room for many.
memory_store roomy_disk()
{
    memory_store store = make_disk(6 * small_block);
    vhd::sector footer{};
    store.read(0, footer);
    store.truncate(store.size() - sector_size);
    store.write(std::uint64_t{footer_place} * sector_size, footer);
    return store;
}

void copy_sectors(memory_store& store, std::uint32_t from, std::uint32_t to, std::uint32_t count)
{
    std::vector<std::byte> bytes(count * sector_size);
    store.read(std::uint64_t{from} * sector_size, bytes);
    store.write(std::uint64_t{to} * sector_size, bytes);
}

/// Moves the table, of one sector.
void move_table(memory_store& store, std::uint32_t to)
{
    copy_sectors(store, 3, to, 1);
    change_header(store, [&](vhd::dynamic_header& header) { header.table_offset = std::uint64_t{to} * sector_size; });
}

/// Moves the header, of two sectors.
void move_header(memory_store& store, std::uint32_t to)
{
    copy_sectors(store, 1, to, 2);
    change_footer(store, [&](vhd::disk_footer& footer) { footer.data_offset = std::uint64_t{to} * sector_size; });
}

std::set<defect> errors_in(memory_store& store)
{
    std::set<defect> errors;
    for (const vhd::finding& one : check(store).findings)
        if (one.how_bad == vhd::severity::error) errors.insert(one.what);
    return errors;
}

/// Whether a block at `beside` is fine, and has the defect a sector nearer to
/// what lies there.
bool is_seen_to_the_sector(std::uint32_t beside, std::int32_t nearer, defect what,
                           void (*move)(memory_store&, std::uint32_t) = nullptr, std::uint32_t to = 0)
{
    const auto errors_with_block_at = [&](std::uint32_t place) {
        memory_store store = roomy_disk();
        set_entry(store, 2, place);
        if (move != nullptr) move(store, to);
        return errors_in(store);
    };
    const auto one_off = static_cast<std::uint32_t>(static_cast<std::int32_t>(beside) + nearer);
    return errors_with_block_at(beside).empty() && errors_with_block_at(one_off) == std::set{what};
}

} // namespace

TEST_CASE("two blocks that share one sector are found, and none that are side by side", "[vhd][check]")
{
    const auto [first, second] = GENERATE(table<std::uint32_t, std::uint32_t>({{0, 5}, {5, 0}}));
    memory_store store = roomy_disk();
    set_entry(store, first, 1000);
    set_entry(store, second, 1000 + stored_sectors);
    CHECK(errors_in(store).empty());

    set_entry(store, second, 1000 + stored_sectors - 1);
    CHECK(errors_in(store) == std::set{defect::blocks_overlap});
    const vhd::check_report report = check(store);
    const auto found = std::ranges::find(report.findings, defect::blocks_overlap, &vhd::finding::what);
    REQUIRE(found != report.findings.end());
    CHECK(found->offset == (1000 + stored_sectors - 1) * sector_size);
}

TEST_CASE("a block that shares one sector with table, header or footer is found, and none beside them", "[vhd][check]")
{
    CHECK(is_seen_to_the_sector(4, -1, defect::block_overlaps_metadata));
    CHECK(is_seen_to_the_sector(2000 - stored_sectors, 1, defect::block_overlaps_metadata, move_table, 2000));
    CHECK(is_seen_to_the_sector(2001, -1, defect::block_overlaps_metadata, move_table, 2000));
    CHECK(is_seen_to_the_sector(2000 - stored_sectors, 1, defect::block_overlaps_metadata, move_header, 2000));
    CHECK(is_seen_to_the_sector(2002, -1, defect::block_overlaps_metadata, move_header, 2000));
    CHECK(is_seen_to_the_sector(footer_place - stored_sectors, 1, defect::block_out_of_range));
}

TEST_CASE("of a bitmap the highest bit is the first sector's", "[vhd][check]")
{
    const std::uint32_t sector = GENERATE(0U, 1U, 6U, 8U, 13U, 127U);
    memory_store store = roomy_disk();
    set_entry(store, 2, 1000);
    store.write((1001 + sector) * sector_size, noise(sector_size, 1));
    const std::byte bit{static_cast<std::uint8_t>(1U << (7 - sector % 8))};

    std::array<std::byte, small_block / sector_size / 8> bitmap{};
    bitmap.at(sector / 8) = bit;
    store.write(1000 * sector_size, bitmap);
    CHECK_FALSE(defects_in(check(store)).contains(defect::unwritten_data));

    for (std::byte& eight : bitmap) eight = ~eight;
    store.write(1000 * sector_size, bitmap);
    CHECK(defects_in(check(store)).contains(defect::unwritten_data));
}
