// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/compact_image.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/layout.hpp>

#include "support/catch.hpp"
#include "support/vhd/compacting.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/memory_store.hpp"
#include "support/vhd/recording_monitor.hpp"
#include "support/vhd/verdict.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;
using vhd::errc;

namespace {

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
    compact(finished, small_stored);
    memory_store reference = original;
    const auto expected = contents(reference);

    std::uint64_t stops = 0;
    for (bool stopped = true; stopped; ++stops) {
        memory_store store = original;
        recording_monitor monitor;
        monitor.stop_at_checkpoint = stops;
        const failure failed = failure_of([&] { vhd::compact_image(store, monitor, {.batch_bytes = small_stored}); });
        stopped = failed.code == std::errc::operation_canceled;
        REQUIRE((stopped || !failed.code));
        REQUIRE(is_same(contents(store), expected));
        compact(store, small_stored);
        REQUIRE(is_same(contents(store), expected));
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
    CHECK(is_same(contents(store), before));
    CHECK(compact(store).file_size_after == size - 3 * small_stored);
}

TEST_CASE("progress in bytes rises to its total and names the steps", "[vhd][compact]")
{
    memory_store store = disk_with_zeros();
    recording_monitor monitor;
    vhd::compact_image(store, monitor);
    CHECK_FALSE(monitor.fell_or_changed);
    CHECK(monitor.done == monitor.total);
    CHECK(monitor.total >= 12 * small_stored);
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
