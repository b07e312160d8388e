// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/check_image.hpp>

#include "support/catch.hpp"
#include "support/sanitized.hpp"
#include "support/vhd/checking.hpp"
#include "support/vhd/damages.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/failing_store.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/power_cut.hpp"
#include "support/vhd/recording_store.hpp"
#include "support/vhd/scattered_disk.hpp"
#include "support/vhd/verdict.hpp"

#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;
using vhd::defect;
using vhd::severity;

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
    for (int round = 0; round < (is_sanitized ? 500 : 1500); ++round) {
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
