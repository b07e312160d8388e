// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/map_image.hpp>

#include <vmtask/vhd/image.hpp>
#include <vmtask/vhd/layout.hpp>

#include "support/catch.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/verdict.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;

TEST_CASE("a map has each block's place, and a fixed disk's one", "[vhd][map]")
{
    memory_store store = make_disk(4 * small_block + 512);
    fill_blocks(store, {3, 1});
    store.flush();
    {
        vhd::image disk(store);
        disk.write(4 * small_block, noise(512, 1));
        disk.flush();
    }
    const vhd::layout disk = vhd::read_layout(store);
    std::vector<vhd::mapped_range> ranges;
    for (auto range = vhd::next_range(disk, 0); range;
         range = vhd::next_range(disk, range->guest_offset + range->length))
        ranges.push_back(*range);
    REQUIRE(ranges.size() == 3);
    CHECK(ranges[0] == vhd::mapped_range{small_block, small_block, disk.table[1] * 512ULL + 512});
    CHECK(ranges[1] == vhd::mapped_range{3 * small_block, small_block, disk.table[3] * 512ULL + 512});
    CHECK(ranges[2] == vhd::mapped_range{4 * small_block, 512, disk.table[4] * 512ULL + 512});
    const auto expected = contents(store);
    for (const vhd::mapped_range& range : ranges) {
        std::vector<std::byte> bytes(range.length);
        store.read(range.file_offset, bytes);
        CHECK(is_same(bytes, std::span(expected).subspan(range.guest_offset, range.length)));
    }

    memory_store fixed = make_fixed_disk(noise(4096, 1));
    CHECK(vhd::next_range(vhd::read_layout(fixed), 0) == vhd::mapped_range{0, 4096, 0});
    CHECK_FALSE(vhd::next_range(vhd::read_layout(fixed), 4096));
}

TEST_CASE("a map has no block beyond the disk's end, although the table does", "[vhd][map]")
{
    memory_store store = make_disk(3 * small_block - 512);
    fill_blocks(store, {0, 1});
    const vhd::layout before = vhd::read_layout(store);
    // The next one would be the first beyond the disk.
    const std::uint32_t beyond = GENERATE(3U, 7U);
    change_header(store, [](vhd::dynamic_header& header) { header.max_table_entries = 20; });
    set_entry(store, beyond, before.table[1]);
    set_entry(store, 1, vhd::unallocated);

    const vhd::layout disk = vhd::read_layout(store);
    REQUIRE(disk.table.size() == 20);
    REQUIRE(disk.table[beyond] == before.table[1]);
    CHECK(vhd::next_range(disk, 0) == vhd::mapped_range{0, small_block, disk.table[0] * 512ULL + 512});
    CHECK_FALSE(vhd::next_range(disk, small_block));
    CHECK_FALSE(vhd::next_range(disk, disk.footer.current_size - 1));
}
