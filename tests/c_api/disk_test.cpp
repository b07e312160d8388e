// SPDX-License-Identifier: BSL-1.0

#include "handles.hpp"

#include "support/catch.hpp"
#include "support/vhd/chain_files.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <vmtask/vhd/create_file.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/image.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;
namespace vhd = vmtask::vhd;

namespace {

constexpr std::uint64_t megabyte = 1U << 20;

/// Starts a task, waits for its end, and hands it back with its result.
template <class Start, class... Arguments>
std::pair<task_owner, vmtask_status> run(const engine_owner& engine, Start start, Arguments... arguments)
{
    vmtask_task* task = nullptr;
    expect_ok(start(engine.get(), arguments..., &task));
    task_owner owned(task);
    expect_ok(vmtask_task_wait(task, patience_ms));
    const vmtask_status result = vmtask_task_result(task);
    return {std::move(owned), result};
}

template <class Start, class... Arguments>
task_owner run_well(const engine_owner& engine, Start start, Arguments... arguments)
{
    auto [task, result] = run(engine, start, arguments...);
    expect_ok(result);
    return std::move(task);
}

/// A dynamic disk of 8 MiB in blocks of 1 MiB; all were written, the odd ones
/// with zeros.
std::vector<std::byte> make_worn_disk(const std::string& path)
{
    vhd::create_options options;
    options.size_bytes = 8 * megabyte;
    options.block_size_bytes = megabyte;
    vhd::create_file(path, options);
    vhd::file_store store(path, vhd::file_access::write);
    fill_blocks(store, {0, 2, 4, 6});
    clear_blocks(store, {1, 3, 5, 7});
    return contents(store);
}

vmtask_vhd_info info_of(const std::string& path)
{
    auto info = ready<vmtask_vhd_info>();
    expect_ok(vmtask_vhd_read_info(path.c_str(), &info));
    return info;
}

/// What was found of that name; one that has no name if nothing was.
vmtask_vhd_finding finding_of(const task_owner& task, const std::string& name)
{
    auto finding = ready<vmtask_vhd_finding>();
    for (std::uint64_t i = 0; vmtask_vhd_get_finding(task.get(), i, &finding) == VMTASK_OK; ++i)
        if (finding.name == name) return finding;
    return ready<vmtask_vhd_finding>();
}

} // namespace

TEST_CASE("a disk is created in C and described", "[c_api][vhd]")
{
    const temporary_folder folder;
    const std::string path = folder / "disk.vhd";
    const engine_owner engine = make_engine();
    auto options = ready<vmtask_vhd_create_options>();
    options.size_bytes = 64 * megabyte;
    options.block_size_bytes = 512U << 10;

    const task_owner task = run_well(engine, vmtask_vhd_create, path.c_str(), &options);

    auto report = ready<vmtask_vhd_create_report>();
    REQUIRE(vmtask_vhd_get_create_report(task.get(), &report) == VMTASK_OK);
    CHECK(report.virtual_size == options.size_bytes);
    CHECK(report.file_size == std::filesystem::file_size(path));
    const vmtask_vhd_info info = info_of(path);
    CHECK(info.virtual_size == options.size_bytes);
    CHECK(info.type == VMTASK_VHD_TYPE_DYNAMIC);
    CHECK(info.block_size == options.block_size_bytes);
    CHECK(info.blocks == 128);
    CHECK(info.blocks_allocated == 0);
    CHECK(info.creator == std::string("win"));
    CHECK(std::string(info.id).size() == 36);
    CHECK(info.created_at > 1'700'000'000);
    CHECK(run(engine, vmtask_vhd_create, path.c_str(), &options).second == VMTASK_E_ALREADY_EXISTS);
}

TEST_CASE("a disk is compacted in C, and its data stay", "[c_api][vhd]")
{
    const temporary_folder folder;
    const std::string path = folder / "disk.vhd";
    const std::vector<std::byte> data = make_worn_disk(path);
    const std::uint64_t before = std::filesystem::file_size(path);
    const engine_owner engine = make_engine();

    const task_owner task = run_well(engine, vmtask_vhd_compact, path.c_str(), nullptr);

    auto report = ready<vmtask_vhd_compact_report>();
    REQUIRE(vmtask_vhd_get_compact_report(task.get(), &report) == VMTASK_OK);
    CHECK(report.blocks_scanned == 8);
    CHECK(report.blocks_freed == 4);
    CHECK(report.file_size_before == before);
    CHECK(report.file_size_after == std::filesystem::file_size(path));
    CHECK(report.file_size_after < before - 4 * megabyte);
    CHECK(contents_of(path) == data);
    CHECK(info_of(task).description == "compact " + path);
    auto wrong = ready<vmtask_vhd_create_report>();
    CHECK(vmtask_vhd_get_create_report(task.get(), &wrong) == VMTASK_E_NO_REPORT);
}

TEST_CASE("a disk is converted and resized in C", "[c_api][vhd]")
{
    const temporary_folder folder;
    const std::string path = folder / "disk.vhd";
    const std::string raw = folder / "disk.raw";
    const std::string fixed = folder / "fixed.vhd";
    const std::vector<std::byte> data = make_worn_disk(path);
    const engine_owner engine = make_engine();

    auto to_raw = ready<vmtask_vhd_convert_options>();
    to_raw.format = VMTASK_VHD_FORMAT_RAW;
    to_raw.sparse = 1;
    const task_owner written = run_well(engine, vmtask_vhd_convert, path.c_str(), raw.c_str(), &to_raw);
    auto report = ready<vmtask_vhd_write_report>();
    REQUIRE(vmtask_vhd_get_write_report(written.get(), &report) == VMTASK_OK);
    CHECK(report.virtual_size == data.size());
    CHECK(std::filesystem::file_size(raw) == data.size());

    auto to_fixed = ready<vmtask_vhd_convert_options>();
    to_fixed.format = VMTASK_VHD_FORMAT_FIXED;
    to_fixed.from_raw = 1;
    run_well(engine, vmtask_vhd_convert, raw.c_str(), fixed.c_str(), &to_fixed);
    CHECK(info_of(fixed).type == VMTASK_VHD_TYPE_FIXED);
    CHECK(contents_of(fixed) == data);

    auto larger = ready<vmtask_vhd_resize_options>();
    larger.size_bytes = 16 * megabyte;
    const task_owner resized = run_well(engine, vmtask_vhd_resize, path.c_str(), &larger);
    auto sizes = ready<vmtask_vhd_resize_report>();
    REQUIRE(vmtask_vhd_get_resize_report(resized.get(), &sizes) == VMTASK_OK);
    CHECK(sizes.virtual_size_before == 8 * megabyte);
    CHECK(sizes.virtual_size_after == 16 * megabyte);
    larger.size_bytes = megabyte;
    CHECK(run(engine, vmtask_vhd_resize, path.c_str(), &larger).second == VMTASK_E_CANNOT_SHRINK);
}

TEST_CASE("a chain is made, described and merged in C", "[c_api][vhd]")
{
    const temporary_folder folder;
    const std::string parent = folder / "parent.vhd";
    const std::string child = folder / "child.vhd";
    const std::string whole = folder / "whole.vhd";
    const std::vector<std::byte> data = make_worn_disk(parent);
    const auto written_at = std::filesystem::last_write_time(parent) - std::chrono::hours(1);
    std::filesystem::last_write_time(parent, written_at); // when it was not made
    const engine_owner engine = make_engine();
    auto options = ready<vmtask_vhd_create_options>();
    options.parent = parent.c_str();
    run_well(engine, vmtask_vhd_create, child.c_str(), &options);

    vmtask_vhd_chain* read = nullptr;
    REQUIRE(vmtask_vhd_read_chain(child.c_str(), nullptr, &read) == VMTASK_OK);
    const chain_owner chain(read);
    CHECK(vmtask_vhd_chain_length(chain.get()) == 2);
    CHECK(vmtask_vhd_chain_result(chain.get()) == VMTASK_OK);
    auto link = ready<vmtask_vhd_link>();
    auto info = ready<vmtask_vhd_info>();
    REQUIRE(vmtask_vhd_chain_get(chain.get(), 1, &link, &info) == VMTASK_OK);
    CHECK(std::filesystem::equivalent(link.path, parent));
    CHECK(link.found_by == VMTASK_VHD_FOUND_BY_RELATIVE_PATH);
    CHECK(info.type == VMTASK_VHD_TYPE_DYNAMIC);
    CHECK(vmtask_vhd_chain_get(chain.get(), 2, &link, nullptr) == VMTASK_E_INVALID_ARGUMENT);

    std::filesystem::last_write_time(parent, written_at + std::chrono::minutes(30));
    const task_owner written = run_well(engine, vmtask_vhd_merge_into, child.c_str(), whole.c_str(), nullptr);
    auto what = ready<vmtask_vhd_write_report>();
    CHECK(vmtask_vhd_get_write_report(written.get(), &what) == VMTASK_OK);
    CHECK(what.parent_seems_changed == 1);
    CHECK(contents_of(whole) == data);

    auto keep = ready<vmtask_vhd_merge_options>();
    keep.keep_child = 1;
    run_well(engine, vmtask_vhd_merge, child.c_str(), &keep);
    CHECK(std::filesystem::exists(child));
    const task_owner merged = run_well(engine, vmtask_vhd_merge, child.c_str(), nullptr);
    auto report = ready<vmtask_vhd_merge_report>();
    REQUIRE(vmtask_vhd_get_merge_report(merged.get(), &report) == VMTASK_OK);
    CHECK(report.child_removed == 1);
    CHECK(std::filesystem::equivalent(report.parent, parent));
    CHECK_FALSE(std::filesystem::exists(child));
}

TEST_CASE("a chain in C says why it ends too soon", "[c_api][vhd]")
{
    const temporary_folder folder;
    const std::string parent = folder / "parent.vhd";
    const std::string child = folder / "child.vhd";
    make_worn_disk(parent);
    const engine_owner engine = make_engine();
    auto options = ready<vmtask_vhd_create_options>();
    options.parent = parent.c_str();
    options.type = VMTASK_VHD_TYPE_DIFFERENCING;
    run_well(engine, vmtask_vhd_create, child.c_str(), &options);
    std::filesystem::remove(parent);

    vmtask_vhd_chain* read = nullptr;
    REQUIRE(vmtask_vhd_read_chain(child.c_str(), nullptr, &read) == VMTASK_OK);
    const chain_owner chain(read);

    CHECK(vmtask_vhd_chain_length(chain.get()) == 1);
    CHECK(vmtask_vhd_chain_result(chain.get()) == VMTASK_E_PARENT_NOT_FOUND);
    CHECK_THAT(vmtask_last_error_message(), ContainsSubstring("parent"));
    CHECK(run(engine, vmtask_vhd_compact, child.c_str(), nullptr).second == VMTASK_E_PARENT_NOT_FOUND);
    const task_owner checked = run_well(engine, vmtask_vhd_check, child.c_str(), nullptr);
    CHECK(finding_of(checked, "parent_unusable").severity == VMTASK_VHD_SEVERITY_ERROR);
}

TEST_CASE("a disk is checked and repaired in C", "[c_api][vhd]")
{
    const temporary_folder folder;
    const std::string path = folder / "disk.vhd";
    const std::vector<std::byte> data = make_worn_disk(path);
    {
        vhd::file_store store(path, vhd::file_access::write);
        spoil(store, 8); // of the footer's copy
    }
    const engine_owner engine = make_engine();

    const task_owner checked = run_well(engine, vmtask_vhd_check, path.c_str(), nullptr);
    auto report = ready<vmtask_vhd_check_report>();
    REQUIRE(vmtask_vhd_get_check_report(checked.get(), &report) == VMTASK_OK);
    CHECK(report.is_sound == 0);
    CHECK(report.type == VMTASK_VHD_TYPE_DYNAMIC);
    vmtask_vhd_finding finding = finding_of(checked, "footer_copy_damaged");
    REQUIRE(finding.name != nullptr);
    CHECK(finding.description != std::string());
    CHECK(finding.severity == VMTASK_VHD_SEVERITY_ERROR);
    CHECK(finding.is_mendable == 1);
    CHECK(finding.is_mended == 0);
    CHECK(vmtask_vhd_get_finding(checked.get(), report.findings, &finding) == VMTASK_E_INVALID_ARGUMENT);

    const task_owner repaired = run_well(engine, vmtask_vhd_repair, path.c_str(), nullptr);
    REQUIRE(vmtask_vhd_get_check_report(repaired.get(), &report) == VMTASK_OK);
    CHECK(report.is_sound == 1);
    CHECK(finding_of(repaired, "footer_copy_damaged").is_mended == 1);
    CHECK(contents_of(path) == data);
}

TEST_CASE("a disk whose parent has moved gets it back in C", "[c_api][vhd]")
{
    const temporary_folder folder;
    const std::string parent = folder / "parent.vhd";
    const std::string moved = folder / "moved.vhd";
    const std::string stranger = folder / "stranger.vhd";
    const std::string child = folder / "child.vhd";
    const engine_owner engine = make_engine();
    const std::vector<std::byte> data = make_worn_disk(parent);
    make_worn_disk(stranger);
    auto create = ready<vmtask_vhd_create_options>();
    create.parent = parent.c_str();
    run_well(engine, vmtask_vhd_create, child.c_str(), &create);
    std::filesystem::rename(parent, moved);

    const task_owner task = run_well(engine, vmtask_vhd_set_parent, child.c_str(), moved.c_str(), nullptr);

    auto report = ready<vmtask_vhd_set_parent_report>();
    REQUIRE(vmtask_vhd_get_set_parent_report(task.get(), &report) == VMTASK_OK);
    CHECK(report.parent == moved);
    CHECK(report.missing_beneath == std::string());
    CHECK(report.file_size == std::filesystem::file_size(child));
    CHECK(contents_of(child) == data);
    CHECK(run(engine, vmtask_vhd_set_parent, child.c_str(), stranger.c_str(), nullptr).second == VMTASK_E_WRONG_PARENT);
    auto options = ready<vmtask_vhd_set_parent_options>();
    options.ignore_id_mismatch = 1;
    run_well(engine, vmtask_vhd_set_parent, child.c_str(), stranger.c_str(), &options);
}

TEST_CASE("work on disks is posted on terms in C", "[c_api][vhd]")
{
    c_gate gate;
    const temporary_folder folder;
    const std::string path = folder / "disk.vhd";
    make_worn_disk(path);
    const engine_owner engine = make_engine(2);
    const task_owner held = post_held(engine, gate);
    auto terms = ready<vmtask_terms>();
    vmtask_task* const before = held.get();
    terms.after = &before;
    terms.after_count = 1;
    terms.when_busy = VMTASK_WHEN_BUSY_JOIN;
    auto options = ready<vmtask_vhd_compact_options>();
    options.terms = &terms;
    vmtask_task* started = nullptr;

    REQUIRE(vmtask_vhd_compact(engine.get(), path.c_str(), &options, &started) == VMTASK_OK);
    const task_owner one(started);
    REQUIRE(vmtask_vhd_compact(engine.get(), path.c_str(), &options, &started) == VMTASK_OK);
    const task_owner other(started);

    CHECK(info_of(one).id == info_of(other).id);
    auto obstacle = ready<vmtask_obstacle>();
    REQUIRE(vmtask_task_get_obstacle(one.get(), &obstacle, nullptr, nullptr) == VMTASK_OK);
    CHECK(obstacle.kind == VMTASK_OBSTACLE_PREDECESSOR);
    gate.open();
    REQUIRE(vmtask_task_wait(other.get(), patience_ms) == VMTASK_OK);
    auto report = ready<vmtask_vhd_compact_report>();
    REQUIRE(vmtask_vhd_get_compact_report(other.get(), &report) == VMTASK_OK);
    CHECK(report.blocks_freed == 4);
}

TEST_CASE("what is wrong with a file is the task's result, and the message names it", "[c_api][vhd]")
{
    const temporary_folder folder;
    const std::string path = folder / "disk.vhd";
    const engine_owner engine = make_engine();

    CHECK(run(engine, vmtask_vhd_compact, path.c_str(), nullptr).second == VMTASK_E_NO_SUCH_FILE);
    CHECK_THAT(vmtask_last_error_message(), ContainsSubstring(path));
    CHECK(vmtask_last_error_system() == 0);

    make_worn_disk(path);
    {
        const vhd::file_store store(path, vhd::file_access::write);
        const auto [task, result] = run(engine, vmtask_vhd_compact, path.c_str(), nullptr);
        CHECK(result == VMTASK_E_IN_USE);
        auto report = ready<vmtask_vhd_compact_report>();
        CHECK(vmtask_vhd_get_compact_report(task.get(), &report) == VMTASK_E_IN_USE);
    }
    std::filesystem::resize_file(path, 3000);
    auto info = ready<vmtask_vhd_info>();
    CHECK(vmtask_vhd_read_info(path.c_str(), &info) != VMTASK_OK);
    CHECK(info.virtual_size == 0);
    CHECK(run(engine, vmtask_vhd_compact, "/dev/null", nullptr).second == VMTASK_E_NOT_A_REGULAR_FILE);
}
