// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/check.hpp>

#include <vmtask/vhd/create_file.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/map_image.hpp>

#include "support/catch.hpp"
#include "support/patience.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/failing_store.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/power_cut.hpp"
#include "support/vhd/program.hpp"
#include "support/vhd/recording_monitor.hpp"
#include "support/vhd/recording_store.hpp"
#include "support/vhd/scattered_disk.hpp"
#include "support/vhd/temporary_folder.hpp"
#include "support/vhd/verdict.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;
using vhd::defect;
using vhd::severity;

namespace {

vhd::check_report check(vhd::byte_store& store)
{
    recording_monitor monitor;
    auto report = vhd::check_image(store, monitor);
    CHECK_FALSE(monitor.fell_or_changed);
    return report;
}

vhd::check_report repair(vhd::byte_store& store)
{
    recording_monitor monitor;
    return vhd::repair_image(store, monitor);
}

std::set<defect> defects_in(const vhd::check_report& report)
{
    std::set<defect> found;
    for (const vhd::finding& one : report.findings) found.insert(one.what);
    return found;
}

std::string names_of(const vhd::check_report& report)
{
    std::string names;
    for (const vhd::finding& one : report.findings)
        names += std::string(to_string(one.what)) + (one.is_mended ? "(mended) " : " ");
    return names;
}

/// Six usual blocks, of which four have a place, in the order 2, 0, 5, 3.
memory_store make_usual_disk()
{
    memory_store store = make_disk(6 * (512U << 10), 512U << 10);
    fill_blocks(store, {2, 0, 5, 3});
    return store;
}

std::uint64_t trailing(memory_store& store)
{
    return store.size() - vhd::sector_size;
}

/// What is done to a disk, what is found then, and whether repair mends all of it.
struct damage {
    const char* name;
    std::function<void(memory_store&)> inflict;
    std::set<defect> found;
    bool is_mended;
};

void set_header(memory_store& store, const std::function<void(vhd::dynamic_header&)>& change)
{
    change_header(store, change);
}

std::vector<damage> damages_of_dynamic_disk()
{
    const auto footer = [](auto change) { return [change](memory_store& store) { change_footer(store, change); }; };
    const auto header = [](auto change) { return [change](memory_store& store) { set_header(store, change); }; };
    return {
        {"footer lost",
         [](memory_store& s) { s.write(trailing(s), std::vector<std::byte>(512)); },
         {defect::footer_missing},
         true},
        {"footer cut off", [](memory_store& s) { s.truncate(trailing(s)); }, {defect::footer_missing}, true},
        {"footer spoilt", [](memory_store& s) { spoil(s, trailing(s) + 30); }, {defect::footer_damaged}, true},
        {"copy lost",
         [](memory_store& s) { s.write(0, std::vector<std::byte>(512)); },
         {defect::footer_copy_missing},
         true},
        {"copy spoilt", [](memory_store& s) { spoil(s, 40); }, {defect::footer_copy_damaged}, true},
        {"both checksums spoilt alike",
         [](memory_store& s) {
             spoil(s, 64);
             spoil(s, trailing(s) + 64);
         },
         {defect::footer_damaged, defect::footer_copy_damaged},
         true},
        {"both spoilt, and not alike",
         [](memory_store& s) {
             spoil(s, 70);
             spoil(s, trailing(s) + 71);
         },
         {defect::footer_damaged, defect::footer_copy_damaged},
         false},
        {"copy of another time",
         [](memory_store& s) {
             vhd::sector bytes{};
             s.read(0, bytes);
             auto other = vhd::decode_footer(bytes);
             ++other.timestamp;
             s.write(0, vhd::encode(other));
         },
         {defect::footer_copy_differs},
         true},
        {"both cookies lost",
         [](memory_store& s) {
             spoil(s, 0);
             spoil(s, trailing(s));
         },
         {defect::not_a_vhd},
         false},
        {"unknown type",
         footer([](vhd::disk_footer& f) { f.type = static_cast<vhd::disk_type>(6); }),
         {defect::unsupported_type},
         false},
        {"unknown version",
         footer([](vhd::disk_footer& f) { f.version = 0x0002'0000; }),
         {defect::unsupported_version},
         false},
        {"unknown features", footer([](vhd::disk_footer& f) { f.features = 8; }), {defect::bad_features}, false},
        {"no size", footer([](vhd::disk_footer& f) { f.current_size = 0; }), {defect::bad_size}, false},
        {"half a sector", footer([](vhd::disk_footer& f) { f.current_size += 256; }), {defect::bad_size}, false},
        {"no geometry", footer([](vhd::disk_footer& f) { f.geometry = {}; }), {defect::bad_geometry}, true},
        {"too large a geometry",
         footer([](vhd::disk_footer& f) { f.geometry.cylinders = 9000; }),
         {defect::bad_geometry},
         true},
        {"another geometry",
         footer([](vhd::disk_footer& f) {
             f.geometry = {1, 2, 3};
         }),
         {defect::other_geometry},
         false},
        {"another size at creation",
         footer([](vhd::disk_footer& f) { f.original_size /= 2; }),
         {defect::other_original_size},
         false},
        {"a creator whose size QEMU does not take",
         footer([](vhd::disk_footer& f) {
             f.creator_application = {'v', 's', ' ', ' '};
         }),
         {defect::other_size_for_qemu},
         false},
        {"a saved state", footer([](vhd::disk_footer& f) { f.saved_state = 1; }), {defect::saved_state}, false},
        {"an odd saved state",
         footer([](vhd::disk_footer& f) { f.saved_state = 2; }),
         {defect::bad_saved_state},
         false},
        {"a disk of tomorrow's morrow",
         footer([](vhd::disk_footer& f) { f.timestamp = 0xFFFFFFFF; }),
         {defect::created_in_future},
         false},
        {"header elsewhere",
         footer([](vhd::disk_footer& f) { f.data_offset = 1ULL << 50; }),
         {defect::bad_header_place},
         false},
        {"no header", [](memory_store& s) { spoil(s, 512); }, {defect::header_missing}, false},
        {"header's checksum spoilt", [](memory_store& s) { spoil(s, 512 + 36); }, {defect::header_damaged}, true},
        {"header's table length spoilt",
         [](memory_store& s) { spoil(s, 512 + 31); },
         {defect::header_damaged, defect::block_out_of_range, defect::table_out_of_range},
         false},
        {"header of another version",
         header([](vhd::dynamic_header& h) { h.version = 0x0002'0000; }),
         {defect::unsupported_header_version},
         false},
        {"header's unused offset used",
         header([](vhd::dynamic_header& h) { h.data_offset = 0; }),
         {defect::bad_header_data_offset},
         false},
        {"block size of no power",
         header([](vhd::dynamic_header& h) { h.block_size = 3000; }),
         {defect::bad_block_size},
         false},
        {"table too short",
         header([](vhd::dynamic_header& h) { h.max_table_entries = 5; }),
         {defect::table_too_short, defect::lost_space},
         false},
        {"table outside",
         header([](vhd::dynamic_header& h) { h.table_offset = 1ULL << 40; }),
         {defect::table_out_of_range},
         false},
        {"table over the header",
         header([](vhd::dynamic_header& h) { h.table_offset = 1024; }),
         {defect::metadata_overlap, defect::block_overlaps_metadata, defect::blocks_overlap},
         false},
        {"parent's path outside",
         [](memory_store& s) {
             change_footer(s, [](vhd::disk_footer& f) { f.type = vhd::disk_type::differencing; });
             set_header(s, [](vhd::dynamic_header& h) {
                 h.parent_locators[2] = {.code = 0x57327275, .data_length = 20, .data_offset = 1ULL << 60};
             });
         },
         {defect::bad_locator},
         false},
        {"block outside", [](memory_store& s) { set_entry(s, 1, 900000); }, {defect::block_out_of_range}, false},
        {"block over the table",
         [](memory_store& s) { set_entry(s, 1, 3); },
         {defect::block_overlaps_metadata, defect::blocks_overlap},
         false},
        {"block over another",
         [](memory_store& s) { set_entry(s, 1, vhd::read_layout(s).table[2] + 1); },
         {defect::blocks_overlap},
         false},
        {"two blocks in one place",
         [](memory_store& s) { set_entry(s, 1, vhd::read_layout(s).table[2]); },
         {defect::blocks_overlap},
         false},
        {"block beyond the disk",
         [](memory_store& s) {
             set_header(s, [](vhd::dynamic_header& h) { h.max_table_entries = 20; });
             set_entry(s, 15, vhd::read_layout(s).table[5]);
             set_entry(s, 5, vhd::unallocated);
         },
         {defect::block_beyond_disk},
         true},
        {"data under clear bits",
         [](memory_store& s) {
             s.write(std::uint64_t{vhd::read_layout(s).table[2]} * 512, std::vector<std::byte>(100));
         },
         {defect::unwritten_data},
         false},
        {"a lost block", [](memory_store& s) { set_entry(s, 2, vhd::unallocated); }, {defect::lost_space}, false},
        {"a lost block at the end",
         [](memory_store& s) { set_entry(s, 3, vhd::unallocated); },
         {defect::lost_space_at_end},
         true},
    };
}

/// Which of these a disk may be found with although nobody did anything to it.
bool is_remark(defect what)
{
    return what == defect::unusual_block_size || what == defect::unaligned_blocks || what == defect::lost_space
        || what == defect::lost_space_at_end;
}

} // namespace

TEST_CASE("a whole disk has no defects", "[vhd][check]")
{
    memory_store store = make_usual_disk();
    const auto report = check(store);
    CHECK(names_of(report) == "");
    CHECK(report.is_sound());
    CHECK(report.blocks_allocated == 4);
    CHECK(report.virtual_size == 6 * (512U << 10));
    memory_store fixed = make_fixed_disk(noise(4096, 1));
    CHECK(names_of(check(fixed)) == "");
    memory_store empty = make_disk(2040ULL << 30, 2U << 20);
    CHECK(names_of(check(empty)) == "");
    const auto before = store.writes;
    CHECK(names_of(repair(store)) == "");
    CHECK(store.writes == before);
}

TEST_CASE("each defect is found and named, and mended if that takes no guess", "[vhd][check]")
{
    for (const damage& done : damages_of_dynamic_disk()) {
        INFO(done.name);
        memory_store store = make_usual_disk();
        const auto whole = contents(store);
        done.inflict(store);
        const memory_store damaged = store;
        const auto found = check(store);
        INFO(names_of(found));
        for (const defect what : defects_in(found)) CHECK(done.found.contains(what));
        CHECK_FALSE(found.findings.empty());
        CHECK(store.same_bytes(damaged));

        const auto seen = failure_of([&] { (void)contents(store); });
        const auto report = repair(store);
        INFO(names_of(report));
        if (done.is_mended) {
            CHECK(report.is_sound());
            for (const vhd::finding& one : check(store).findings) CHECK(is_remark(one.what));
            for (const vhd::finding& one : report.findings) CHECK((one.is_mended || is_remark(one.what)));
            if (!seen.code && !done.found.contains(defect::block_beyond_disk)
                && !done.found.contains(defect::lost_space_at_end))
                CHECK(what_is_wrong(store, whole) == "");
        } else {
            CHECK(store.same_bytes(damaged));
        }
    }
}

TEST_CASE("all defects are told, not only the first", "[vhd][check]")
{
    memory_store store = make_usual_disk();
    const std::uint32_t place_of_block_2 = vhd::read_layout(store).table[2];
    set_entry(store, 1, 900000);
    set_entry(store, 4, place_of_block_2);
    spoil(store, 0);
    const auto found = defects_in(check(store));
    CHECK(found == std::set{defect::footer_copy_missing, defect::block_out_of_range, defect::blocks_overlap});
    const auto report = repair(store);
    for (const vhd::finding& one : report.findings) CHECK(one.is_mended == (one.what == defect::footer_copy_missing));
    CHECK_FALSE(report.is_sound());
}

TEST_CASE("many defects of a kind are counted, and listed up to a limit", "[vhd][check]")
{
    memory_store store = make_disk(1000 * 1024, 1024);
    for (std::uint32_t block = 0; block < 1000; ++block) set_entry(store, block, 900000);
    const auto report = check(store);
    CHECK(std::ranges::count(report.findings, defect::block_out_of_range, &vhd::finding::what) == 100);
    CHECK(report.unlisted == 900);
}

TEST_CASE("a fixed disk's footer is mended where its content is plainly right, and else not", "[vhd][check]")
{
    const auto data = noise(20 * 512, 1);
    memory_store store = make_fixed_disk(data);
    spoil(store, trailing(store) + 64);
    CHECK(defects_in(check(store)) == std::set{defect::footer_damaged});
    CHECK(names_of(repair(store)) == "footer_damaged(mended) ");
    CHECK(is_same(contents(store), data));

    memory_store longer = make_fixed_disk(data);
    change_footer(longer, [](vhd::disk_footer& footer) { footer.current_size -= 512; });
    CHECK(defects_in(check(longer)).contains(defect::longer_than_disk));
    spoil(longer, trailing(longer) + 64);
    const memory_store before = longer;
    CHECK_FALSE(repair(longer).is_sound());
    CHECK(longer.same_bytes(before));

    memory_store odd = make_fixed_disk(data);
    change_footer(odd, [](vhd::disk_footer& footer) {
        footer.data_offset = 512;
        footer.features = 3;
    });
    CHECK(defects_in(check(odd)) == std::set{defect::bad_data_offset, defect::temporary});
    memory_store shorter = make_fixed_disk(data);
    change_footer(shorter, [](vhd::disk_footer& footer) { footer.current_size += 512; });
    CHECK(defects_in(check(shorter)) == std::set{defect::bad_size});
}

TEST_CASE("what is no image at all is said to be none", "[vhd][check]")
{
    memory_store nothing;
    CHECK(defects_in(check(nothing)) == std::set{defect::not_a_vhd});
    memory_store text;
    text.write(0, noise(3000, 1));
    CHECK(defects_in(check(text)) == std::set{defect::not_a_vhd});
    memory_store old = make_fixed_disk(noise(4096, 1));
    old.truncate(old.size() - 1);
    CHECK(defects_in(check(old)) == std::set{defect::old_footer});
    CHECK_FALSE(repair(old).is_sound());
}

TEST_CASE("XenServer's block map is left where it is", "[vhd][check]")
{
    memory_store store = make_disk(10 * 1024, 1024);
    const std::string cookie = "tdbatmap";
    vhd::sector footer{};
    store.read(0, footer);
    store.write(2048, std::as_bytes(std::span(cookie)));
    store.write(2048 + 8192, footer);
    const memory_store before = store;
    CHECK(defects_in(repair(store)).contains(defect::foreign_block_map));
    CHECK(store.same_bytes(before));
}

TEST_CASE("whatever is spoilt, a check ends, and a repair changes nothing that a guest could read", "[vhd][check]")
{
    std::mt19937 random(7);
    for (int round = 0; round < 1500; ++round) {
        scattered_disk disk({.seed = static_cast<std::uint32_t>(round % 5), .block_size = 1024});
        for (std::uint32_t i = 0; i <= random() % 3; ++i) {
            const std::uint64_t where = random() % 2 == 0 ? random() % 2048 : disk.store.size() - 1 - random() % 512;
            spoil(disk.store, where);
        }
        INFO("round " << round);
        std::vector<std::byte> before;
        const auto seen = failure_of([&] { before = contents(disk.store); });
        const auto report = repair(disk.store);
        if (!seen.code) REQUIRE(is_same(contents(disk.store), before));
        const auto again = check(disk.store);
        for (const vhd::finding& one : again.findings)
            REQUIRE_FALSE((one.is_mendable && one.how_bad == severity::error));
        (void)report;
    }
}

TEST_CASE("whenever the power goes during a repair, nothing is lost, and the next run finishes",
          "[vhd][check][power_cut]")
{
    for (const damage& done : damages_of_dynamic_disk()) {
        if (!done.is_mended) continue;
        INFO(done.name);
        memory_store damaged = make_disk(6 * 1024, 1024);
        fill_blocks(damaged, {2, 0, 5, 3});
        memory_store mended = damaged;
        done.inflict(damaged);
        mended = damaged;
        repair(mended);
        const auto expected = contents(mended);
        recording_store store(damaged);
        repair(store);
        const auto look = [&](memory_store& disk, std::size_t events) {
            INFO("after " << events << " of " << store.events().size() << " events");
            repair(disk);
            REQUIRE(what_is_wrong(disk, expected) == "");
            for (const vhd::finding& one : check(disk).findings) REQUIRE(is_remark(one.what));
        };
        power_cut(damaged, store.events(), 1, 4).for_each_state(look);
    }
}

TEST_CASE("whatever call fails, a repair says so, and the next run finishes", "[vhd][check][failing_store]")
{
    const effect what = GENERATE(effect::none, effect::first_half, effect::whole);
    for (const damage& done : damages_of_dynamic_disk()) {
        if (!done.is_mended) continue;
        memory_store damaged = make_disk(6 * 1024, 1024);
        fill_blocks(damaged, {2, 0, 5, 3});
        done.inflict(damaged);
        for (fault plan{any_call & ~call_look, 0, false, what, std::errc::io_error};; ++plan.successes) {
            INFO(done.name << ", after " << plan.successes);
            memory_store disk = damaged;
            failing_store store(disk, plan);
            const failure failed = failure_of([&] { repair(store); });
            REQUIRE(failed.code == (store.has_failed() ? std::make_error_code(plan.error) : std::error_code()));
            if (what == effect::first_half && disk.size() != damaged.size()) disk.truncate(disk.size() / 512 * 512);
            repair(disk);
            for (const vhd::finding& one : check(disk).findings) REQUIRE(is_remark(one.what));
            if (!store.has_failed()) break;
        }
    }
}

TEST_CASE("check and repair are tasks, and can be cancelled", "[vhd][check][task]")
{
    const temporary_folder folder;
    const auto path = folder / "disk.vhd";
    vhd::create_file(path, {.size_bytes = 10 * small_block, .block_size_bytes = small_block});
    {
        vhd::file_store store(path, vhd::file_access::write);
        fill_blocks(store, {1, 2});
        spoil(store, 3);
    }
    engine engine;
    const auto checked = vhd::check(engine, path);
    REQUIRE(checked.wait_for_completion(patience) == wait_status::completed);
    CHECK_FALSE(checked.result().is_sound());
    CHECK(checked.description() == "check " + path.string());
    const auto mended = vhd::repair(engine, path);
    REQUIRE(mended.wait_for_completion(patience) == wait_status::completed);
    CHECK(mended.result().is_sound());

    vhd::file_store store(path, vhd::file_access::read);
    recording_monitor monitor;
    monitor.stop_at_checkpoint = 1;
    CHECK(failure_of([&] { (void)vhd::check_image(store, monitor); }).code == std::errc::operation_canceled);
}

TEST_CASE("images of QEMU's are sound, with remarks where others disagree", "[vhd][check][interoperability]")
{
    if (!is_installed("qemu-img")) {
        WARN("skipped: qemu-img is not installed");
        return;
    }
    const temporary_folder folder;
    const std::string path = (folder / "disk.vhd").string();
    const std::string options = GENERATE("subformat=dynamic", "subformat=fixed", "subformat=dynamic,force_size=on",
                                         "subformat=fixed,force_size=on");
    REQUIRE(run({"qemu-img", "create", "-q", "-f", "vpc", "-o", options, path, "20M"}).code == 0);
    REQUIRE(run({"qemu-io", "-f", "vpc", "-c", "write -P 7 1M 3M", path}).code == 0);
    vhd::file_store store(path, vhd::file_access::read);
    const auto report = check(store);
    INFO(options << ": " << names_of(report));
    CHECK(report.is_sound());
}

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
