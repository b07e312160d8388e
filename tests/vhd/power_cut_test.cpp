// SPDX-License-Identifier: BSL-1.0

// The power is cut after every write, with the unflushed writes lost, kept, torn
// or in any order, and the disk that is then found is read and compacted anew.

#include "support/vhd/power_cut.hpp"

#include <vmtask/vhd/compact_image.hpp>
#include <vmtask/vhd/create_image.hpp>
#include <vmtask/vhd/image.hpp>

#include "support/catch.hpp"
#include "support/sanitized.hpp"
#include "support/vhd/busy_guest.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/recording_monitor.hpp"
#include "support/vhd/scattered_disk.hpp"
#include "support/vhd/verdict.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;

namespace {

vhd::compact_report compact(vhd::byte_store& store, std::uint32_t block_size)
{
    recording_monitor monitor;
    return vhd::compact_image(store, monitor, {.batch_bytes = 2 * vhd::stored_block_bytes(block_size)});
}

/// Compacts until it is killed at that event; false if it was not.
bool compact_and_die(recording_store& store, std::uint32_t block_size, std::size_t event)
{
    store.kill_at = event;
    try {
        compact(store, block_size);
    } catch (const killed&) {
        return true;
    }
    return false;
}

/// Cuts the power everywhere in a recorded compaction. Every state found has to
/// be whole, and be made as short as if nothing had happened; the last one is
/// that already, unless a flush failed. Returns how many there were, of which it
/// looks at one in `rarity`.
std::size_t check_power_cuts(const scattered_disk& original, const std::vector<store_event>& events,
                             std::uint32_t block_size, std::uint32_t seed, int samples, std::size_t rarity = 1)
{
    memory_store undisturbed = original.store;
    compact(undisturbed, block_size);
    const auto failed = [](const store_event& event) { return event.what == store_event::kind::failed_flush; };
    const std::size_t end = std::ranges::any_of(events, failed) ? recording_store::never : events.size();
    std::size_t states = 0;
    power_cut(original.store, events, seed, samples).for_each_state([&](memory_store& disk, std::size_t done) {
        if (states++ % rarity != 0) return;
        INFO("after " << done << " of " << events.size() << " events");
        REQUIRE(what_is_wrong(disk, original.expected) == "");
        if (done == end) REQUIRE(disk.size() == undisturbed.size());
        compact(disk, block_size);
        REQUIRE(what_is_wrong(disk, original.expected) == "");
        REQUIRE(disk.size() == undisturbed.size());
    });
    return states;
}

} // namespace

TEST_CASE("whenever the power goes during a compact, the disk is whole, and the next run finishes",
          "[vhd][compact][power_cut]")
{
    const scatter wanted{.seed = GENERATE(range(1U, is_sanitized ? 2U : 5U)),
                         .block_size = GENERATE(1024U, 4096U),
                         .blocks = GENERATE(8U, 14U),
                         .has = GENERATE(footers::both, footers::at_start, footers::at_end),
                         .aligned = GENERATE(false, true)};
    const scattered_disk original(wanted);
    recording_store store(original.store);
    compact(store, wanted.block_size);
    CHECK(check_power_cuts(original, store.events(), wanted.block_size, wanted.seed, 8) > 50);
}

TEST_CASE("whenever the power goes, tables of many sectors and blocks of the usual sizes stay whole",
          "[vhd][compact][power_cut]")
{
    const auto [block_size, blocks] =
        GENERATE(table<std::uint32_t, std::uint32_t>({{1024U, 200U}, {512U << 10, 4U}, {2U << 20, 4U}}));
    const scattered_disk original({.seed = 10, .block_size = block_size, .blocks = blocks});
    recording_store store(original.store);
    REQUIRE(compact(store, block_size).blocks_moved > 0);
    CHECK(check_power_cuts(original, store.events(), block_size, 7, 1, is_sanitized ? 20 : 5) > 50);
}

TEST_CASE("a compact killed anywhere, run again, and cut off from power anywhere leaves the disk whole",
          "[vhd][compact][power_cut]")
{
    const scatter wanted{
        .seed = GENERATE(1U, 2U), .block_size = 1024, .has = GENERATE(footers::both, footers::at_start)};
    const scattered_disk original(wanted);
    std::size_t kills = 0;
    for (bool was_killed = true; was_killed; ++kills) {
        recording_store store(original.store);
        was_killed = compact_and_die(store, wanted.block_size, kills);
        // All that was written is still seen, and nothing more of it durable than before.
        REQUIRE(what_is_wrong(store.visible(), original.expected) == "");
        REQUIRE_FALSE(compact_and_die(store, wanted.block_size, recording_store::never));
        check_power_cuts(original, store.events(), wanted.block_size, static_cast<std::uint32_t>(kills), 2);
    }
    CHECK(kills > 10);
}

TEST_CASE("a compact that could not flush, run again, and cut off from power anywhere leaves the disk whole",
          "[vhd][compact][power_cut]")
{
    const scatter wanted{.seed = GENERATE(range(1U, is_sanitized ? 2U : 4U)),
                         .block_size = 1024,
                         .has = GENERATE(footers::both, footers::at_start)};
    const scattered_disk original(wanted);
    std::size_t flushes = 0;
    for (bool has_failed = true; has_failed; ++flushes) {
        recording_store store(original.store);
        store.fail_flush_at = flushes;
        const failure failed = failure_of([&] { compact(store, wanted.block_size); });
        has_failed = failed.code == std::errc::io_error;
        REQUIRE((has_failed || !failed.code));
        store.fail_flush_at = recording_store::never;
        compact(store, wanted.block_size);
        INFO("flush " << flushes);
        for (std::uint32_t seed = 0; seed < 3; ++seed)
            check_power_cuts(original, store.events(), wanted.block_size, seed, 2);
    }
    CHECK(flushes > 4);
}

TEST_CASE("whenever the power goes while a guest writes, it finds what it has flushed", "[vhd][image][power_cut]")
{
    const scatter wanted{.seed = GENERATE(range(1U, is_sanitized ? 2U : 5U)),
                         .block_size = 4096,
                         .blocks = 9,
                         .has = GENERATE(footers::both, footers::at_start, footers::at_end)};
    const scattered_disk original(wanted);
    recording_store store(original.store);
    const busy_guest someone(store, original.expected, wanted.seed);

    const auto check = [&](memory_store& disk, std::size_t events) {
        INFO("after " << events << " of " << store.events().size() << " events");
        const auto found = contents(disk);
        REQUIRE(someone.may_find(found, events));
        REQUIRE(someone.may_find(other_reader(disk).contents(), events));
        compact(disk, wanted.block_size);
        REQUIRE(is_same(contents(disk), found));
    };
    power_cut(original.store, store.events(), wanted.seed, 8).for_each_state(check);
}

TEST_CASE("a guest that writes to a disk whose compact was killed finds what it has flushed", "[vhd][image][power_cut]")
{
    const scattered_disk original({.seed = 2, .block_size = 1024, .has = GENERATE(footers::both, footers::at_start)});
    std::size_t kills = 0;
    for (bool was_killed = true; was_killed; ++kills) {
        recording_store store(original.store);
        was_killed = compact_and_die(store, 1024, kills);
        store.kill_at = recording_store::never;
        const std::size_t before = store.events().size();
        const busy_guest someone(store, original.expected, 5);
        const auto check = [&](memory_store& disk, std::size_t events) {
            INFO("killed after " << before << ", power cut after " << events << " of " << store.events().size());
            REQUIRE(someone.may_find(contents(disk), events));
        };
        power_cut(original.store, store.events(), static_cast<std::uint32_t>(kills), 3).for_each_state(check);
    }
    CHECK(kills > 10);
}

TEST_CASE("a guest that writes to a disk whose compact could not flush finds what it has flushed",
          "[vhd][image][power_cut]")
{
    const scattered_disk original({.seed = GENERATE(range(1U, is_sanitized ? 2U : 3U)),
                                   .block_size = 1024,
                                   .has = GENERATE(footers::both, footers::at_start)});
    std::size_t flushes = 0;
    for (bool has_failed = true; has_failed; ++flushes) {
        recording_store store(original.store);
        store.fail_flush_at = flushes;
        has_failed = failure_of([&] { compact(store, 1024); }).code == std::errc::io_error;
        store.fail_flush_at = recording_store::never;
        const busy_guest someone(store, original.expected, 5);
        const auto check = [&](memory_store& disk, std::size_t events) {
            INFO("flush " << flushes << " failed, power cut after " << events << " of " << store.events().size());
            REQUIRE(someone.may_find(contents(disk), events));
        };
        for (std::uint32_t seed = 0; seed < 3; ++seed)
            power_cut(original.store, store.events(), seed, 3).for_each_state(check);
    }
    CHECK(flushes > 4);
}

TEST_CASE("whenever the power goes during a create, there is no disk or a whole one", "[vhd][create][power_cut]")
{
    const std::uint64_t blocks = GENERATE(1ULL, 128ULL, 300ULL, 20000ULL);
    const vhd::create_options options{.size_bytes = blocks * 1024, .block_size_bytes = 1024};
    const std::vector<std::byte> empty(options.size_bytes);
    recording_store store{memory_store()};
    vhd::create_image(store, options);

    std::size_t finished = 0;
    const auto check = [&](memory_store& disk, std::size_t events) {
        INFO("after " << events << " of " << store.events().size() << " events");
        const bool is_disk = !failure_of([&] { (void)vhd::read_layout(disk); }).code;
        if (is_disk) REQUIRE(what_is_wrong(disk, empty) == "");
        if (is_disk) ++finished;
        if (events == store.events().size()) REQUIRE(is_disk);
    };
    power_cut(memory_store(), store.events(), 1, 30).for_each_state(check);
    CHECK(finished > 0);
}
