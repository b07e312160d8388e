// SPDX-License-Identifier: BSL-1.0

#include "core/blocks_by_place.hpp"
#include "core/compact_plan.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

using namespace vmtask;
using vhd::unallocated;
using vhd::detail::block_move;
using vhd::detail::compact_plan;

namespace {

constexpr std::uint32_t block_sectors = 1025;

/// A disk of 512 KiB blocks at these sectors, with its table's end at sector 4.
vhd::layout disk_with(std::vector<std::uint32_t> table)
{
    vhd::layout disk;
    disk.header.block_size = 512U << 10;
    disk.table = std::move(table);
    disk.metadata = {{0, 512}, {512, 1024}, {1536, 512}};
    return disk;
}

std::optional<std::pair<std::uint32_t, std::uint32_t>> overlap_in(const std::vector<std::uint32_t>& table,
                                                                  std::uint32_t sectors = block_sectors)
{
    return vhd::detail::find_overlap(table, sectors, vhd::detail::range_of(table, sectors));
}

struct planned {
    std::vector<block_move> moves;
    std::uint64_t end_sector = 0;
};

planned plan_of(const vhd::layout& disk)
{
    const auto ordered = vhd::detail::order_blocks(disk.table, block_sectors);
    REQUIRE_FALSE(overlap_in(disk.table));
    compact_plan plan(disk, ordered);
    planned result;
    while (const auto move = plan.next()) result.moves.push_back(*move);
    result.end_sector = plan.end() / 512;
    CHECK(result.end_sector * 512 == vhd::detail::summarise({disk, ordered}).end);
    CHECK(result.moves.size() == vhd::detail::summarise({disk, ordered}).moves);
    return result;
}

} // namespace

TEST_CASE("a disk without blocks ends behind its table", "[vhd][compact]")
{
    const planned plan = plan_of(disk_with({unallocated}));
    CHECK(plan.moves.empty());
    CHECK(plan.end_sector == 4);
}

TEST_CASE("blocks without gaps stay where they are", "[vhd][compact]")
{
    const planned plan = plan_of(disk_with({4 + block_sectors, 4, unallocated}));
    CHECK(plan.moves.empty());
    CHECK(plan.end_sector == 4 + 2 * block_sectors);
}

TEST_CASE("the last block moves into the first gap", "[vhd][compact]")
{
    const planned plan = plan_of(disk_with({4, 4 + 2 * block_sectors, 4 + 3 * block_sectors}));
    CHECK(plan.moves == std::vector<block_move>{{2, 4 + 3 * block_sectors, 4 + block_sectors}});
    CHECK(plan.end_sector == 4 + 3 * block_sectors);
}

TEST_CASE("a gap that is a sector too short stays", "[vhd][compact]")
{
    const planned plan = plan_of(disk_with({4, 4 + 2 * block_sectors - 1, 4 + 3 * block_sectors}));
    CHECK(plan.moves.empty());
    CHECK(plan.end_sector == 4 + 4 * block_sectors);
}

TEST_CASE("a block moves down only where it does not overlap itself", "[vhd][compact]")
{
    CHECK(plan_of(disk_with({8 + block_sectors - 1})).moves.empty());
    const planned plan = plan_of(disk_with({8 + block_sectors, unallocated}));
    // Alone it keeps its alignment: 8 + 1025 leaves 1 when divided by 8.
    CHECK(plan.moves.empty());
    CHECK(plan_of(disk_with({9 + block_sectors + 7})).moves == std::vector<block_move>{{0, 16 + block_sectors, 9}});
}

TEST_CASE("blocks that share an alignment keep it", "[vhd][compact]")
{
    const planned plan = plan_of(disk_with({7, 7 + 2 * 1032, 7 + 3 * 1032}));
    CHECK(plan.moves == std::vector<block_move>{{2, 7 + 3 * 1032, 7 + 1032}});
}

TEST_CASE("no block moves over metadata, wherever that is", "[vhd][compact]")
{
    vhd::layout disk = disk_with({4, 4 + 5 * block_sectors, 4 + 6 * block_sectors});
    disk.metadata.push_back({(4 + block_sectors + 10) * 512, 100});
    const planned plan = plan_of(disk);
    CHECK(plan.moves.size() == 2);
    CHECK(plan.moves[0].to == 4 + block_sectors + 11);
    CHECK(plan.moves[1].to == 4 + 2 * block_sectors + 11);

    disk.metadata.back() = {(4 + 20 * block_sectors) * 512, 513};
    CHECK(plan_of(disk).end_sector == 4 + 20 * block_sectors + 2);
}

TEST_CASE("space before a table behind it all is left alone", "[vhd][compact]")
{
    vhd::layout disk = disk_with({4 + 3 * block_sectors, 4 + 5 * block_sectors});
    disk.metadata[2] = {(4 + 7 * block_sectors) * 512, 512};
    const planned plan = plan_of(disk);
    CHECK(plan.moves == std::vector<block_move>{{1, 4 + 5 * block_sectors, 4 + 4 * block_sectors}});
    CHECK(plan.end_sector == 5 + 7 * block_sectors);
}

TEST_CASE("no move spoils another, and a second plan finds nothing left", "[vhd][compact]")
{
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        std::vector<std::uint32_t> table(20, unallocated);
        std::uint32_t place = 4;
        for (std::uint32_t& entry : table) {
            if (random() % 3 == 0) place += static_cast<std::uint32_t>(random() % (2 * block_sectors));
            if (random() % 4 != 0) entry = std::exchange(place, place + block_sectors);
        }
        std::ranges::shuffle(table, random);

        vhd::layout disk = disk_with(table);
        const planned plan = plan_of(disk);
        for (const block_move& move : plan.moves) {
            REQUIRE(move.from == table[move.block]);
            REQUIRE(move.to + block_sectors <= move.from);
            for (const std::uint32_t taken : table)
                REQUIRE((taken == unallocated || taken >= move.to + block_sectors || taken + block_sectors <= move.to));
            disk.table[move.block] = move.to;
        }
        const planned second = plan_of(disk);
        REQUIRE(second.moves.empty());
        REQUIRE(second.end_sector == plan.end_sector);
        for (const std::uint32_t kept : disk.table)
            REQUIRE((kept == unallocated || kept + block_sectors <= plan.end_sector));
    }
}

TEST_CASE("blocks are ordered by their places", "[vhd][compact]")
{
    const auto ordered =
        vhd::detail::order_blocks(std::vector<std::uint32_t>{5000, unallocated, 10, 2000}, block_sectors);
    CHECK(ordered == std::vector<std::uint32_t>{2, 3, 0});
}

TEST_CASE("a table shows at a glance where its blocks lie", "[vhd][compact]")
{
    const auto look = [](std::vector<std::uint32_t> table) { return vhd::detail::range_of(table, block_sectors); };
    CHECK(look({}).is_empty);
    CHECK(look({unallocated, unallocated}).is_empty);

    const vhd::detail::block_range in_order = look({unallocated, 10, 10 + block_sectors, unallocated, 5000});
    CHECK_FALSE(in_order.is_empty);
    CHECK(in_order.first == 10);
    CHECK(in_order.last == 5000);
    CHECK(in_order.in_table_order);

    CHECK(look({10, 10 + block_sectors, 5000}).in_table_order);
    CHECK(look({10, 10 + block_sectors, 5000}).first == 10);
    CHECK(look({10, 10 + block_sectors, 5000}).last == 5000);
    CHECK_FALSE(look({10, 10 + block_sectors - 1}).in_table_order);
    CHECK_FALSE(look({5000, 10}).in_table_order);
    CHECK(look({5000, 10}).first == 10);
    CHECK(look({5000, 10}).last == 5000);
}

TEST_CASE("every place falls into its slot", "[vhd][compact]")
{
    for (const std::uint32_t sectors : {2U, 3U, 9U, 1025U, 4097U, 65537U})
        for (const std::uint64_t slot :
             {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{77777 % (unallocated / sectors)}})
            for (const std::uint32_t offset : {0U, 1U, sectors - 1}) {
                const auto place = static_cast<std::uint32_t>(slot * sectors) + offset;
                // Neighbours that touch it at both ends, without an overlap.
                std::vector<std::uint32_t> table{place + sectors, place};
                REQUIRE_FALSE(overlap_in(table, sectors));
                REQUIRE(vhd::detail::order_blocks(table, sectors) == std::vector<std::uint32_t>{1, 0});
                --table[0];
                REQUIRE(overlap_in(table, sectors));
            }
}

TEST_CASE("two blocks overlap from a distance of nothing to a sector less than a block", "[vhd][compact]")
{
    for (const std::uint32_t distance : {0U, 1U, block_sectors - 1})
        for (const std::uint32_t place : {4U, block_sectors - 1, block_sectors, 3 * block_sectors + 500}) {
            const std::vector<std::uint32_t> table{90000, place + distance, place};
            const auto overlap = overlap_in(table);
            REQUIRE(overlap);
            REQUIRE(std::set{overlap->first, overlap->second} == std::set<std::uint32_t>{1, 2});
        }
    CHECK_FALSE(overlap_in({4, 4 + block_sectors}));
}
