// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/check.hpp>

#include <vmtask/engine.hpp>
#include <vmtask/vhd/create_file.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/file_store.hpp>

#include "support/catch.hpp"
#include "support/patience.hpp"
#include "support/vhd/chain_files.hpp"
#include "support/vhd/checking.hpp"
#include "support/vhd/damages.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/program.hpp"
#include "support/vhd/recording_monitor.hpp"
#include "support/vhd/temporary_folder.hpp"
#include "support/vhd/verdict.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>

using namespace vmtask;
using namespace vmtask::test;
using vhd::defect;
using namespace std::chrono_literals;

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

TEST_CASE("a check tells which parent cannot be used, and which seems to have changed", "[vhd][check][chain][task]")
{
    const chain_files files;
    engine engine;
    const auto found = [&](const vhd::chain_options& chain = {}) {
        const auto task = vhd::check(engine, files.top(), chain);
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
        return task.result();
    };
    CHECK(found().is_sound());
    SECTION("of a parent's parent, too")
    {
        std::filesystem::last_write_time(files.base(), std::filesystem::file_time_type::clock::now() + 1h);
        const auto report = found();
        CHECK(names_of(report) == "parent_changed ");
        CHECK(report.findings.at(0).how_bad == vhd::severity::warning);
        CHECK(report.findings.at(0).detail == files.base().string());
        const auto mended = vhd::repair(engine, files.top());
        REQUIRE(mended.wait_for_completion(patience) == wait_status::completed);
        CHECK(names_of(mended.result()) == "parent_changed ");
    }
    SECTION("one that is missing, unless it is given")
    {
        std::filesystem::rename(files.middle(), files.folder / "away.vhd");
        CHECK(names_of(found()) == "parent_unusable ");
        CHECK(found().findings.at(0).how_bad == vhd::severity::error);
        CHECK_THAT(found().findings.at(0).detail, Catch::Matchers::ContainsSubstring(files.middle().string()));
        CHECK(found({files.folder / "away.vhd"}).is_sound());
    }
    SECTION("one whose table is no table")
    {
        {
            vhd::file_store store(files.base(), vhd::file_access::write);
            set_entry(store, 0, 900000);
        }
        std::filesystem::last_write_time(files.base(), std::filesystem::last_write_time(files.middle()));
        CHECK(names_of(found()) == "parent_unusable ");
    }
}

TEST_CASE("a parent that is in use fails a check, and a disk's own defects come first", "[vhd][check][chain][task]")
{
    const chain_files files;
    engine engine;
    {
        const vhd::file_store writer(files.base(), vhd::file_access::write);
        const auto task = vhd::check(engine, files.top());
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
        CHECK(task.error() == vhd::errc::in_use);
    }
    std::filesystem::remove(files.middle());
    {
        vhd::file_store store(files.top(), vhd::file_access::write);
        spoil(store, trailing(store) + 30);
    }
    const auto task = vhd::check(engine, files.top());
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK(names_of(task.result()) == "footer_damaged ");
    const auto mended = vhd::repair(engine, files.top());
    REQUIRE(mended.wait_for_completion(patience) == wait_status::completed);
    CHECK(names_of(mended.result()) == "footer_damaged(mended) parent_unusable ");
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
