// SPDX-License-Identifier: BSL-1.0

// Another parent for an image, and what the disk says while that is being written.

#include <vmtask/vhd/set_image_parent.hpp>

#include <vmtask/vhd/compact_image.hpp>
#include <vmtask/vhd/create_image.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/image.hpp>

#include "support/catch.hpp"
#include "support/sanitized.hpp"
#include "support/vhd/array_guest.hpp"
#include "support/vhd/checking.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/failing_store.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/other_reader.hpp"
#include "support/vhd/power_cut.hpp"
#include "support/vhd/recording_monitor.hpp"
#include "support/vhd/recording_store.hpp"
#include "support/vhd/scattered_disk.hpp"
#include "support/vhd/verdict.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;

namespace {

constexpr std::uint64_t disk_size = 11 * 1024 + 512;

const std::vector<std::byte>& shown_beneath()
{
    static const auto bytes = noise(disk_size, 77);
    return bytes;
}

vhd::set_parent_report set_parent(vhd::byte_store& store, const vhd::parent_reference& parent)
{
    recording_monitor monitor;
    const auto report = vhd::set_image_parent(store, monitor, parent);
    CHECK_FALSE(monitor.fell_or_changed);
    return report;
}

vhd::parent_reference parent_of(vhd::byte_store& store)
{
    return vhd::read_parent_reference(store, vhd::read_layout(store));
}

/// What a guest sees over either parent, which show the same.
std::vector<std::byte> seen_in(vhd::byte_store& store)
{
    array_guest parent(shown_beneath());
    vhd::image disk(store, &parent);
    std::vector<std::byte> bytes(disk.size());
    disk.read(0, bytes);
    return bytes;
}

vhd::parent_reference named(const std::string& name, std::size_t length_of_path)
{
    return {.id = vhd::make_uuid(),
            .timestamp = 700'000'000,
            .name = name,
            .relative_paths = {".\\" + name},
            .absolute_paths = {"/" + std::string(length_of_path, 'p') + "/" + name}};
}

/// How much room there is for the paths of the new parent.
enum class room {
    of_the_old_paths,
    behind_the_table, // because no block is there
    taken_by_blocks,
};

/// A disk that is to get another parent.
struct child {
    child(room has, footers with) : wanted(named("b.vhd", has == room::of_the_old_paths ? 200 : 800))
    {
        vhd::create_options options{.size_bytes = disk_size, .block_size_bytes = 1024};
        options.parent = named("a.vhd", 100);
        vhd::create_image(store, options);
        array_guest parent(shown_beneath());
        vhd::image disk(store, &parent);
        if (has != room::behind_the_table)
            for (const std::uint32_t block : {5U, 0U, 9U}) disk.write(block * 1024ULL + 512, noise(512, block));
        disk.flush();
        if (with == footers::at_end) spoil(store, 100);
        if (with == footers::at_start) spoil(store, store.size() - 100);
        before = parent_of(store);
        expected = seen_in(store);
        seen_by_others = other_reader(store).contents();
    }

    memory_store store;
    vhd::parent_reference wanted;
    vhd::parent_reference before;
    std::vector<std::byte> expected;
    std::vector<std::byte> seen_by_others;
};

child any_child()
{
    return {GENERATE(room::of_the_old_paths, room::behind_the_table, room::taken_by_blocks),
            GENERATE(footers::both, footers::at_start, footers::at_end)};
}

/// Empty if the disk opens, shows what it did, and names the old or the new parent.
std::string what_is_wrong_with(vhd::byte_store& store, const child& original)
{
    try {
        const auto found = parent_of(store);
        if (found != original.before && found != original.wanted) return "it names another parent: " + found.name;
        if (!is_same(seen_in(store), original.expected)) return "the guest sees other data";
        if (!is_same(other_reader(store).contents(), original.seen_by_others)) return "another program sees other data";
    } catch (const std::exception& error) {
        return error.what();
    }
    return {};
}

/// The same of a disk that is done with.
std::string what_is_left_to_do(vhd::byte_store& store, const child& original)
{
    if (parent_of(store) != original.wanted) return "it names the old parent";
    const vhd::layout disk = vhd::read_layout(store);
    if (!disk.trailing_footer_valid || !disk.leading_footer_valid) return "a footer is missing";
    if (disk.footer.data_offset != vhd::sector_size) return "the header is elsewhere";
    for (const auto& locator : disk.header.parent_locators)
        for (const std::uint32_t place : disk.table)
            if (locator.code != 0 && place != vhd::unallocated && locator.data_offset > place * 512ULL)
                return "a path lies behind a block";
    for (const vhd::finding& one : check(store).findings)
        if (!is_remark(one.what)) return std::string(to_string(one.what));
    return what_is_wrong_with(store, original);
}

} // namespace

TEST_CASE("a disk gets another parent, and keeps what it holds", "[vhd][chain][set_parent]")
{
    child disk = any_child();
    const auto report = set_parent(disk.store, disk.wanted);
    CHECK(report.before == disk.before);
    CHECK(report.after == disk.wanted);
    CHECK(report.file_size == disk.store.size());
    CHECK(what_is_left_to_do(disk.store, disk) == "");

    recording_monitor monitor;
    array_guest parent(shown_beneath());
    vhd::compact_image(disk.store, monitor, {}, &parent);
    CHECK(what_is_left_to_do(disk.store, disk) == "");
}

TEST_CASE("paths that fit where the old ones are leave all else in its place, longer ones move a block",
          "[vhd][chain][set_parent]")
{
    child same(room::of_the_old_paths, footers::both);
    const vhd::layout before = vhd::read_layout(same.store);
    CHECK(set_parent(same.store, same.wanted).blocks_moved == 0);
    CHECK(vhd::read_layout(same.store).table == before.table);
    CHECK(vhd::read_layout(same.store).header.parent_locators[0] == before.header.parent_locators[0]);
    CHECK(same.store.size() == before.file_size);

    child longer(room::taken_by_blocks, footers::both);
    CHECK(set_parent(longer.store, longer.wanted).blocks_moved == 2); // of 1536 bytes each, for 2560
    CHECK(what_is_left_to_do(longer.store, longer) == "");
}

TEST_CASE("what nobody knows in a header stays when the parent changes, and old paths go", "[vhd][chain][set_parent]")
{
    child disk(room::of_the_old_paths, footers::both);
    change_header(disk.store, [&](vhd::dynamic_header& header) {
        header.parent_locators[5] = {.code = 0x4D616358, .data_space = 1, .data_length = 10, .data_offset = 1536};
    });
    spoil(disk.store, 512 + 61);
    spoil(disk.store, 512 + 1000);
    std::array<std::byte, vhd::dynamic_header_size> bytes{};
    disk.store.read(512, bytes);
    const std::array<std::byte, 4> sum{};
    disk.store.write(512 + 36, sum);
    disk.store.read(512, bytes);
    const std::uint32_t checksum = vhd::checksum(bytes, 36);
    disk.store.write(512 + 36,
                     std::array{static_cast<std::byte>(checksum >> 24), static_cast<std::byte>(checksum >> 16 & 0xFF),
                                static_cast<std::byte>(checksum >> 8 & 0xFF), static_cast<std::byte>(checksum & 0xFF)});
    set_parent(disk.store, disk.wanted);
    std::array<std::byte, vhd::dynamic_header_size> after{};
    disk.store.read(512, after);
    CHECK(after[61] == std::byte{0x55});
    CHECK(after[1000] == std::byte{0x55});
    CHECK(vhd::read_layout(disk.store).header.parent_locators[5] == vhd::parent_locator());
    CHECK(parent_of(disk.store) == disk.wanted);
}

TEST_CASE("a header that is not in the usual place, because the table is, stays where it is",
          "[vhd][chain][set_parent]")
{
    child disk(room::of_the_old_paths, footers::both);
    const vhd::layout before = vhd::read_layout(disk.store);
    std::array<std::byte, 1024> paths{};
    vhd::sector table{};
    disk.store.read(before.header.parent_locators[0].data_offset, paths);
    disk.store.read(before.header.table_offset, table);
    vhd::dynamic_header header = before.header;
    header.table_offset = 512;
    header.parent_locators[0].data_offset = 2048;
    header.parent_locators[1].data_offset = 2560;
    disk.store.write(512, table);
    disk.store.write(1024, vhd::encode(header));
    disk.store.write(2048, paths);
    change_footer(disk.store, [](vhd::disk_footer& footer) { footer.data_offset = 1024; });
    REQUIRE(what_is_wrong_with(disk.store, disk) == "");

    CHECK(set_parent(disk.store, disk.wanted).blocks_moved == 0);
    CHECK(vhd::read_layout(disk.store).footer.data_offset == 1024);
    CHECK(parent_of(disk.store) == disk.wanted);
    CHECK(what_is_wrong_with(disk.store, disk) == "");
}

TEST_CASE("a disk that names this parent already is not written to", "[vhd][chain][set_parent]")
{
    child disk = any_child();
    set_parent(disk.store, disk.wanted);
    const auto writes = disk.store.writes;
    auto wanted = disk.wanted;
    wanted.relative_paths.emplace_back("is not noted, being the second one");
    const auto report = set_parent(disk.store, wanted);
    CHECK(report.before == disk.wanted);
    CHECK(report.after == disk.wanted);
    CHECK(disk.store.writes == writes);
}

TEST_CASE("a disk whose parent cannot be set is refused before the first write", "[vhd][chain][set_parent]")
{
    child disk(room::of_the_old_paths, footers::both);
    const auto refused = [](memory_store& store, const vhd::parent_reference& parent, vhd::errc why) {
        const memory_store before = store;
        CHECK(failure_of([&] { set_parent(store, parent); }).code == why);
        CHECK(store.same_bytes(before));
    };
    memory_store dynamic = make_disk(10 * 1024, 1024);
    refused(dynamic, disk.wanted, vhd::errc::not_differencing);
    memory_store fixed = make_fixed_disk(noise(4096, 1));
    refused(fixed, disk.wanted, vhd::errc::not_differencing);
    refused(disk.store, named("\xFF.vhd", 1), vhd::errc::unusable_parent_name);
    refused(disk.store, named(std::string(256, 'x'), 1), vhd::errc::unusable_parent_name);

    change_footer(disk.store, [](vhd::disk_footer& footer) { footer.saved_state = 1; });
    refused(disk.store, disk.wanted, vhd::errc::saved_state);
    disk.wanted.id = disk.before.id;
    set_parent(disk.store, disk.wanted);
    CHECK(parent_of(disk.store) == disk.wanted);

    child foreign(room::behind_the_table, footers::both);
    const std::string cookie = "tdbatmap";
    vhd::sector footer{};
    foreign.store.read(0, footer);
    foreign.store.write(vhd::read_layout(foreign.store).end_of_table(), std::as_bytes(std::span(cookie)));
    foreign.store.write(8192, footer);
    refused(foreign.store, foreign.wanted, vhd::errc::foreign_block_map);
}

TEST_CASE("a change of parent that is stopped leaves the disk as it was", "[vhd][chain][set_parent][cancel]")
{
    child disk = any_child();
    const memory_store before = disk.store;
    for (const bool is_late : {false, true}) {
        recording_monitor monitor;
        if (is_late) monitor.stop_at_point_of_no_return = true;
        else monitor.stop_at_checkpoint = 0;
        CHECK(failure_of([&] { vhd::set_image_parent(disk.store, monitor, disk.wanted); }).code
              == std::errc::operation_canceled);
        CHECK(disk.store.same_bytes(before));
    }
}

TEST_CASE("whenever the power goes during a change of parent, the disk names the old or the new one, and the next run "
          "finishes",
          "[vhd][chain][set_parent][power_cut]")
{
    const child original = any_child();
    recording_store store(original.store);
    const std::uint64_t final_size = set_parent(store, original.wanted).file_size;
    std::size_t old = 0;
    std::size_t states = 0;
    const auto check_state = [&](memory_store& disk, std::size_t events) {
        INFO("after " << events << " of " << store.events().size() << " events");
        ++states;
        REQUIRE(what_is_wrong_with(disk, original) == "");
        if (parent_of(disk) == original.before) ++old;
        else if (disk.size() == final_size) REQUIRE(vhd::read_layout(disk).trailing_footer_valid);
        if (events == store.events().size()) REQUIRE(parent_of(disk) == original.wanted);
        set_parent(disk, original.wanted);
        REQUIRE(what_is_left_to_do(disk, original) == "");
    };
    power_cut(original.store, store.events(), 3, 4).for_each_state(check_state);
    CHECK(old > 5);
    CHECK(old < states);
}

TEST_CASE("a change of parent killed anywhere, run again, and cut off from power anywhere names the old or the new one",
          "[vhd][chain][set_parent][power_cut]")
{
    const child original(GENERATE(room::of_the_old_paths, room::taken_by_blocks), footers::both);
    std::size_t kills = 0;
    for (bool was_killed = true; was_killed; ++kills) {
        INFO("killed before event " << kills);
        recording_store store(original.store);
        store.kill_at = kills;
        was_killed = false;
        try {
            set_parent(store, original.wanted);
        } catch (const killed&) {
            was_killed = true;
        }
        REQUIRE(what_is_wrong_with(store.visible(), original) == "");
        store.kill_at = recording_store::never;
        set_parent(store, original.wanted);
        REQUIRE(what_is_left_to_do(store.visible(), original) == "");
        power_cut(original.store, store.events(), static_cast<std::uint32_t>(kills), is_sanitized ? 0 : 2)
            .for_each_state([&](memory_store& disk, std::size_t events) {
                INFO("power cut after " << events << " of " << store.events().size());
                REQUIRE(what_is_wrong_with(disk, original) == "");
            });
    }
    CHECK(kills > 15);
}

TEST_CASE("a change of parent that could not flush, run again, and cut off from power anywhere names the old or the "
          "new one",
          "[vhd][chain][set_parent][power_cut]")
{
    const child original(GENERATE(room::of_the_old_paths, room::taken_by_blocks),
                         GENERATE(footers::both, footers::at_start));
    std::size_t flushes = 0;
    for (bool has_failed = true; has_failed; ++flushes) {
        recording_store store(original.store);
        store.fail_flush_at = flushes;
        has_failed = failure_of([&] { set_parent(store, original.wanted); }).code == std::errc::io_error;
        store.fail_flush_at = recording_store::never;
        set_parent(store, original.wanted);
        INFO("flush " << flushes);
        for (std::uint32_t seed = 0; seed < 3; ++seed)
            power_cut(original.store, store.events(), seed, 1)
                .for_each_state([&](memory_store& disk, std::size_t events) {
                    INFO("power cut after " << events << " of " << store.events().size());
                    REQUIRE(what_is_wrong_with(disk, original) == "");
                    if (events == store.events().size()) REQUIRE(parent_of(disk) == original.wanted);
                });
    }
    CHECK(flushes > 8);
}

TEST_CASE("whatever call fails, a change of parent says so, the disk names the old or the new one, and the next run "
          "finishes",
          "[vhd][chain][set_parent][failing_store]")
{
    const child original = any_child();
    const unsigned calls = GENERATE(as<unsigned>(), call_read, call_write, call_flush, call_truncate, any_call);
    const std::uint64_t failures = fail_everywhere(calls, [&](const fault& plan) {
        INFO(text_of(plan));
        memory_store disk = original.store;
        failing_store store(disk, plan);
        const failure failed = failure_of([&] { set_parent(store, original.wanted); });
        REQUIRE(failed.code == (store.has_failed() ? std::make_error_code(plan.error) : std::error_code()));
        REQUIRE(what_is_wrong_with(disk, original) == "");
        set_parent(disk, original.wanted);
        REQUIRE(what_is_left_to_do(disk, original) == "");
        return store.has_failed();
    });
    CHECK(failures > 0);
}

TEST_CASE("a change of parent that finds no space leaves the disk as long as it was", "[vhd][chain][set_parent]")
{
    child disk(room::of_the_old_paths, footers::both);
    const memory_store before = disk.store;
    // After the copy of the footer and the table: a footer, two paths, a header.
    for (const std::uint64_t successes : {2U, 3U, 4U, 5U}) {
        failing_store full(disk.store,
                           {.calls = call_write, .successes = successes, .error = std::errc::no_space_on_device});
        CHECK(failure_of([&] { set_parent(full, disk.wanted); }).code == std::errc::no_space_on_device);
        CHECK(disk.store.same_bytes(before));
    }
}
