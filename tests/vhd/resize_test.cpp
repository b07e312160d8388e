// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/resize.hpp>

#include <vmtask/engine.hpp>
#include <vmtask/vhd/compact_image.hpp>
#include <vmtask/vhd/create_file.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/image.hpp>
#include <vmtask/vhd/info.hpp>

#include "support/catch.hpp"
#include "support/patience.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/failing_store.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/file_size_limit.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/libvhdi_disk.hpp"
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
#include <string>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;

namespace {

vhd::resize_report resize(vhd::byte_store& store, std::uint64_t size, bool sparse = false)
{
    recording_monitor monitor;
    const auto report = vhd::resize_image(store, monitor, {.size_bytes = size, .sparse = sparse});
    CHECK_FALSE(monitor.fell_or_changed);
    return report;
}

std::vector<std::byte> grown(std::vector<std::byte> data, std::uint64_t size)
{
    data.resize(size);
    return data;
}

/// A disk to grow, and what a guest sees of it: what lies behind its end is noise.
struct small_disk {
    memory_store store;
    std::vector<std::byte> data;
    std::uint64_t larger; // a size whose table needs another sector
    std::vector<std::byte> larger_data = grown(data, larger);
};

small_disk make_dynamic(std::uint32_t seed, footers has)
{
    scattered_disk disk({.seed = seed, .block_size = 1024, .blocks = 12, .has = has});
    const std::uint32_t last = vhd::read_layout(disk.store).table[11];
    if (last != vhd::unallocated) disk.store.write(std::uint64_t{last} * 512 + 1024, noise(512, 9));
    return {std::move(disk.store), std::move(disk.expected), 300 * 1024 + 512};
}

small_disk make_fixed()
{
    auto data = noise(9 * 512, 4);
    return {make_fixed_disk(data), data, 20 * 512};
}

template <class Disk>
bool shows_either(Disk& disk, const small_disk& original)
{
    return shows(disk, disk.size() == original.larger ? original.larger_data : original.data);
}

/// Empty if the disk is whole and of the old or the new size.
std::string what_is_wrong_either(vhd::byte_store& store, const small_disk& original)
{
    try {
        vhd::image disk(store);
        if (!shows_either(disk, original)) return "the guest sees other data";
        if (disk.layout().footer.type == vhd::disk_type::fixed) return {};
        other_reader other(store);
        if (!shows_either(other, original)) return "another program sees other data";
    } catch (const std::exception& error) {
        return error.what();
    }
    return {};
}

small_disk any_disk()
{
    const int which = GENERATE(0, 1, 2, 3, 4, 5, 6);
    constexpr std::array has{footers::both, footers::at_start, footers::at_end};
    if (which == 6) return make_fixed();
    return make_dynamic(static_cast<std::uint32_t>(which), has[static_cast<std::size_t>(which) % 3]);
}

} // namespace

TEST_CASE("a disk grows, keeps its data, and shows zeros behind it", "[vhd][resize]")
{
    small_disk disk = any_disk();
    const auto report = resize(disk.store, disk.larger);
    CHECK(report.virtual_size_before == disk.data.size());
    CHECK(report.virtual_size_after == disk.larger);
    CHECK(report.file_size == disk.store.size());
    CHECK(guest_sees(disk.store, disk.larger_data));
    const vhd::layout found = vhd::read_layout(disk.store);
    CHECK(found.footer.original_size == disk.larger);
    CHECK(found.footer.geometry == vhd::geometry_for(disk.larger / 512));
    CHECK(found.trailing_footer_valid);
    if (found.footer.type == vhd::disk_type::fixed) {
        CHECK(disk.store.size() == disk.larger + 512);
        return;
    }
    CHECK(found.leading_footer_valid);
    CHECK(what_is_wrong(disk.store, grown(disk.data, disk.larger)) == "");
    recording_monitor monitor;
    vhd::compact_image(disk.store, monitor);
    CHECK(what_is_wrong(disk.store, grown(disk.data, disk.larger)) == "");
}

TEST_CASE("blocks make room for a longer table", "[vhd][resize]")
{
    memory_store store = make_disk(12 * 1024, 1024);
    fill_blocks(store, {5, 0, 11, 3});
    const auto data = contents(store);
    CHECK(resize(store, 700 * 1024).blocks_moved == 2); // 2560 bytes more of table, 1536 a block
    CHECK(what_is_wrong(store, grown(data, 700 * 1024)) == "");
}

TEST_CASE("a table with room to spare is used before it is made longer", "[vhd][resize]")
{
    memory_store store = make_disk(10 * 1024, 1024);
    change_header(store, [](vhd::dynamic_header& header) { header.max_table_entries = 128; });
    fill_blocks(store, {9, 3});
    const auto data = contents(store);
    set_entry(store, 15, vhd::read_layout(store).table[3] + 100); // what a guest of 10 blocks does not see
    store.write(store.size() + 100 * 512ULL, std::vector<std::byte>(64 * 1024));
    vhd::sector footer{};
    store.read(0, footer);
    store.write(store.size() - 512, footer);
    const auto report = resize(store, 128 * 1024);
    CHECK(report.blocks_moved == 0);
    CHECK(vhd::read_layout(store).table.size() == 128);
    CHECK(what_is_wrong(store, grown(data, 128 * 1024)) == "");
}

TEST_CASE("an empty disk grows to the largest there is", "[vhd][resize]")
{
    memory_store store = make_disk(512, 2U << 20);
    resize(store, vhd::largest_size_bytes);
    const vhd::layout disk = vhd::read_layout(store);
    CHECK(disk.footer.current_size == vhd::largest_size_bytes);
    CHECK(disk.table.size() == vhd::largest_size_bytes / (2U << 20));
    CHECK(disk.allocated_blocks() == 0);
}

TEST_CASE("a disk of this size already is not written to, except to finish an earlier resize", "[vhd][resize]")
{
    memory_store store = make_disk(10 * 1024, 1024);
    const auto writes = store.writes;
    resize(store, 10 * 1024);
    CHECK(store.writes == writes);

    memory_store killed = store;
    resize(killed, 20 * 1024);
    vhd::sector old{};
    store.read(0, old);
    killed.write(0, old); // as if the power had gone before the last write
    CHECK(vhd::image(killed).size() == 20 * 1024);
    resize(killed, 20 * 1024);
    CHECK(other_reader(killed).contents().size() == 20 * 1024);
}

TEST_CASE("what cannot grow is refused before the first write", "[vhd][resize]")
{
    memory_store store = make_disk(10 * 1024, 1024);
    const auto code_of = [&](std::uint64_t size) { return failure_of([&] { resize(store, size); }).code; };
    const auto refused = [&](std::uint64_t size, vhd::errc why) {
        const memory_store before = store;
        CHECK(code_of(size) == why);
        CHECK(store.same_bytes(before));
    };
    refused(9 * 1024, vhd::errc::cannot_shrink);
    refused(10 * 1024 + 1, vhd::errc::invalid_size);
    refused(vhd::largest_size_bytes + 512, vhd::errc::invalid_size);
    refused(vhd::largest_size_bytes, vhd::errc::table_too_large);
    change_footer(store, [](vhd::disk_footer& footer) { footer.saved_state = 1; });
    refused(20 * 1024, vhd::errc::saved_state);
    change_footer(store, [](vhd::disk_footer& footer) {
        footer.saved_state = 0;
        footer.type = vhd::disk_type::differencing;
    });
    refused(20 * 1024, vhd::errc::differencing_disk);
    change_footer(store, [](vhd::disk_footer& footer) { footer.type = vhd::disk_type::dynamic; });
    change_header(store, [](vhd::dynamic_header& header) {
        header.parent_locators[0] = {.code = 0x57327275, .data_space = 1, .data_length = 10, .data_offset = 2048};
    });
    store.write(2048, std::vector<std::byte>(512));
    vhd::sector footer{};
    store.read(0, footer);
    store.write(2560, footer);
    refused(1000 * 1024, vhd::errc::metadata_overlaps);
}

TEST_CASE("XenServer's block map keeps a disk from growing", "[vhd][resize]")
{
    memory_store store = make_disk(10 * 1024, 1024);
    const std::string cookie = "tdbatmap";
    vhd::sector footer{};
    store.read(0, footer);
    store.write(2048, std::as_bytes(std::span(cookie)));
    store.write(2560, footer);
    CHECK(failure_of([&] { resize(store, 20 * 1024); }).code == vhd::errc::foreign_block_map);
}

TEST_CASE("a creator that QEMU trusts stays, another is replaced, and unknown fields stay", "[vhd][resize]")
{
    const auto creator = GENERATE(std::array{'t', 'a', 'p', '\0'}, std::array{'v', 's', ' ', ' '});
    memory_store store = make_disk(10 * 1024, 1024);
    change_footer(store, [&](vhd::disk_footer& footer) { footer.creator_application = creator; });
    resize(store, 20 * 1024);
    const auto now = vhd::read_layout(store).footer.creator_application;
    CHECK(now == (creator[0] == 't' ? creator : std::array{'w', 'i', 'n', ' '}));
}

TEST_CASE("whenever the power goes during a resize, the disk is the old or the new one, and the next run finishes",
          "[vhd][resize][power_cut]")
{
    const small_disk original = any_disk();
    const bool sparse = GENERATE(false, true);
    recording_store store(original.store);
    resize(store, original.larger, sparse);
    std::size_t old = 0;
    std::size_t states = 0;
    const auto check = [&](memory_store& disk, std::size_t events) {
        INFO("after " << events << " of " << store.events().size() << " events");
        ++states;
        REQUIRE(what_is_wrong_either(disk, original) == "");
        if (vhd::image(disk).size() == original.data.size()) ++old;
        resize(disk, original.larger, sparse);
        REQUIRE(guest_sees(disk, original.larger_data));
        if (original.larger != 20 * 512) REQUIRE(what_is_wrong(disk, original.larger_data) == "");
        else REQUIRE(disk.size() == original.larger + 512);
        if (events == store.events().size()) REQUIRE(vhd::read_layout(disk).footer.current_size == original.larger);
    };
    power_cut(original.store, store.events(), 3, 6).for_each_state(check);
    CHECK(old > 5);
    CHECK(old < states);
}

TEST_CASE("whatever call fails, a resize says so, the disk is the old or the new one, and the next run finishes",
          "[vhd][resize][failing_store]")
{
    const small_disk original = any_disk();
    const unsigned calls = GENERATE(as<unsigned>(), call_read, call_write, call_flush, call_truncate, any_call);
    const std::uint64_t failures = fail_everywhere(calls, [&](const fault& plan) {
        INFO(text_of(plan));
        memory_store disk = original.store;
        failing_store store(disk, plan);
        const failure failed = failure_of([&] { resize(store, original.larger); });
        REQUIRE(failed.code == (store.has_failed() ? std::make_error_code(plan.error) : std::error_code()));
        REQUIRE(what_is_wrong_either(disk, original) == "");
        resize(disk, original.larger);
        REQUIRE(guest_sees(disk, original.larger_data));
        return store.has_failed();
    });
    CHECK((failures > 0 || calls == call_truncate));
}

TEST_CASE("a resize that is stopped leaves the old disk", "[vhd][resize][cancel]")
{
    const small_disk original = any_disk();
    std::uint64_t checkpoints = 0;
    for (bool was_stopped = true; was_stopped; ++checkpoints) {
        memory_store disk = original.store;
        recording_monitor monitor;
        monitor.stop_at_checkpoint = checkpoints;
        was_stopped = failure_of([&] { vhd::resize_image(disk, monitor, {.size_bytes = original.larger}); }).code
            == std::errc::operation_canceled;
        CHECK(guest_sees(disk, was_stopped ? original.data : original.larger_data));
        if (was_stopped && original.larger == 20 * 512) CHECK(disk.size() == original.data.size() + 512);
    }
    CHECK(checkpoints > 1);
}

TEST_CASE("a resize is a task, and takes the space of a fixed disk or not", "[vhd][resize][task]")
{
    const temporary_folder folder;
    const bool sparse = GENERATE(false, true);
    const auto path = folder / "disk.vhd";
    vhd::create_file(path, {.size_bytes = 1U << 20, .type = vhd::disk_type::fixed});
    engine engine;
    const auto task = vhd::resize(engine, path, {.size_bytes = 9U << 20, .sparse = sparse});
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(task.result().virtual_size_after == 9U << 20);
    CHECK(task.description() == "resize " + path.string());
    const auto info = vhd::read_info(path);
    CHECK(info.virtual_size == 9U << 20);
    CHECK((info.allocated_on_host > 8U << 20) != sparse);
}

TEST_CASE("a fixed disk that cannot have the space stays as it was", "[vhd][resize]")
{
    const temporary_folder folder;
    const auto path = folder / "disk.vhd";
    vhd::create_file(path, {.size_bytes = 1U << 20, .type = vhd::disk_type::fixed});
    vhd::file_store store(path, vhd::file_access::write);
    const file_size_limit limit(16U << 20);
    const failure failed = failure_of([&] { resize(store, 1ULL << 30); });
    CHECK(failed.code == std::errc::file_too_large);
    CHECK(store.size() == (1U << 20) + 512);
    CHECK(vhd::read_layout(store).footer.current_size == 1U << 20);
}

TEST_CASE("QEMU and libvhdi see a disk that has grown as we do", "[vhd][resize][interoperability]")
{
    if (!is_installed("qemu-img")) {
        WARN("skipped: qemu-img is not installed");
        return;
    }
    const temporary_folder folder;
    const std::string path = (folder / "disk.vhd").string();
    const std::string subformat = GENERATE("fixed", "dynamic");
    const std::uint64_t size = (600ULL << 20) + 512 * 3;
    REQUIRE(run({"qemu-img", "create", "-q", "-f", "vpc", "-o", "subformat=" + subformat, path, "5M"}).code == 0);
    REQUIRE(run({"qemu-io", "-f", "vpc", "-c", "write -P 7 1M 2M", path}).code == 0);
    {
        vhd::file_store store(path, vhd::file_access::write);
        resize(store, size, true);
    }
    CHECK_THAT(run({"qemu-img", "info", "-f", "vpc", "--output", "json", path}).output,
               Catch::Matchers::ContainsSubstring("\"virtual-size\": " + std::to_string(size) + ","));
    REQUIRE(run({"qemu-io", "-f", "vpc", "-c", "read -P 7 1M 2M", "-c", "read -P 0 3M 100M", "-c", "write -P 9 500M 1M",
                 path})
                .code
            == 0);
    vhd::file_store store(path, vhd::file_access::read);
    vhd::image disk(store);
    std::vector<std::byte> seen(1U << 20);
    disk.read(500U << 20, seen);
    CHECK(is_same(seen, std::vector<std::byte>(1U << 20, std::byte{9})));
    if (!libvhdi_disk::is_installed()) return;
    libvhdi_disk other(path);
    CHECK(other.size() == size);
    CHECK(is_same(other.read(500U << 20, 1U << 20), seen));
}
