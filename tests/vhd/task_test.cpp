// SPDX-License-Identifier: BSL-1.0

#include <vmtask/engine.hpp>
#include <vmtask/vhd/compact.hpp>
#include <vmtask/vhd/create.hpp>
#include <vmtask/vhd/create_file.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/info.hpp>

#include "task/task_monitor.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"
#include "support/patience.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <sys/stat.h>

using namespace vmtask;
using namespace vmtask::test;

namespace {

/// A disk of ten blocks, of which five have a place and two of these hold data.
std::filesystem::path make_disk_file(const temporary_folder& folder)
{
    const auto path = folder / "disk.vhd";
    vhd::create_file(path, {.size_bytes = 10 * small_block, .block_size_bytes = small_block});
    vhd::file_store store(path, vhd::file_access::write);
    fill_blocks(store, {0, 1, 2, 3, 4});
    clear_blocks(store, {0, 1, 3});
    return path;
}

} // namespace

TEST_CASE("create and compact are tasks", "[vhd][task]")
{
    const temporary_folder folder;
    engine engine;
    const auto create = vhd::create(engine, folder / "new.vhd", {.size_bytes = 1U << 20});
    REQUIRE(create.wait_for_completion(patience) == wait_status::completed);
    CHECK(create.result().virtual_size == 1U << 20);
    CHECK(create.description() == "create " + (folder / "new.vhd").string());

    const auto path = make_disk_file(folder);
    const auto compact = vhd::compact(engine, path);
    REQUIRE(compact.wait_for_completion(patience) == wait_status::completed);
    CHECK(compact.description() == "compact " + path.string());
    CHECK(compact.result().blocks_freed == 3);
    CHECK(compact.result().file_size_after == std::filesystem::file_size(path));
    CHECK(compact.percent_completed() == 100);
    const progress_snapshot progress = compact.progress();
    CHECK(progress.unit == "bytes");
    CHECK(progress.done == progress.total);
    CHECK(progress.total >= 5 * vhd::stored_block_bytes(small_block));
    CHECK(progress.step == "cutting the file");
}

TEST_CASE("whoever sees the end of a compact can open the disk", "[vhd][task]")
{
    const temporary_folder folder;
    const auto path = make_disk_file(folder);
    engine engine;
    for (int round = 0; round < 20; ++round) {
        const auto compact = vhd::compact(engine, path);
        REQUIRE(compact.wait_for_completion(patience) == wait_status::completed);
        CHECK_FALSE(compact.error());
        CHECK_FALSE(failure_of([&] { const vhd::file_store store(path, vhd::file_access::write); }).code);
    }
}

TEST_CASE("a task says which file cannot be compacted, why, and what to do", "[vhd][task]")
{
    const temporary_folder folder;
    std::ofstream{folder / "empty.vhd"};
    std::ofstream(folder / "cut.vhd") << "conectix";
    const auto marked = make_disk_file(folder);
    REQUIRE(::chmod(marked.c_str(), 0444) == 0);
    const std::map<std::filesystem::path, vhd::errc> refused{
        {folder / "nothing.vhd", vhd::errc::no_such_file}, {folder.path(), vhd::errc::is_directory},
        {"/dev/null", vhd::errc::not_a_regular_file},      {folder / "empty.vhd", vhd::errc::empty_file},
        {folder / "cut.vhd", vhd::errc::file_too_short},   {marked, vhd::errc::read_only},
    };

    engine engine;
    for (const auto& [path, code] : refused) {
        const auto compact = vhd::compact(engine, path);
        REQUIRE(compact.wait_for_completion(patience) == wait_status::completed);
        CHECK(compact.error() == code);
        CHECK(failure_of([&] { (void)compact.result(); }).what
              == path.string() + ": " + make_error_code(code).message());
    }
}

TEST_CASE("a compact of an open disk keeps it locked from the post to the end", "[vhd][task]")
{
    const temporary_folder folder;
    const auto path = make_disk_file(folder);
    const auto code_of_opening = [&] {
        return failure_of([&] { const vhd::file_store other(path, vhd::file_access::write); }).code;
    };
    gate gate;
    engine engine({.workers = 1});
    const auto occupied = occupy_workers(engine, gate, 1);
    const bool is_cancelled = GENERATE(false, true);

    const auto compact = vhd::compact(engine, std::make_unique<vhd::file_store>(path, vhd::file_access::write));
    CHECK(compact.description() == "compact " + path.string());
    CHECK(code_of_opening() == vhd::errc::in_use);
    if (is_cancelled) CHECK_FALSE(compact.request_cancel());
    gate.open();
    REQUIRE(compact.wait_for_completion(patience) == wait_status::completed);

    CHECK_FALSE(code_of_opening());
    CHECK(compact.error() == (is_cancelled ? make_error_code(errc::cancelled) : std::error_code()));
    if (!is_cancelled) CHECK(compact.result().blocks_freed == 3);
}

TEST_CASE("a disk in use is refused by a compact", "[vhd][task]")
{
    const temporary_folder folder;
    const auto path = make_disk_file(folder);
    const auto size = std::filesystem::file_size(path);
    engine engine;
    {
        const vhd::file_store held(path, vhd::file_access::read);
        const auto compact = vhd::compact(engine, path);
        REQUIRE(compact.wait_for_completion(patience) == wait_status::completed);
        CHECK(compact.error() == vhd::errc::in_use);
    }
    CHECK(std::filesystem::file_size(path) == size);
}

TEST_CASE("a compact that is cancelled before it runs does not touch the disk", "[vhd][task][cancel]")
{
    const temporary_folder folder;
    const auto path = make_disk_file(folder);
    const auto size = std::filesystem::file_size(path);
    gate gate;
    engine engine({.workers = 1});
    const auto occupied = occupy_workers(engine, gate, 1);
    const auto compact = vhd::compact(engine, path);
    CHECK_FALSE(compact.request_cancel());
    gate.open();
    REQUIRE(compact.wait_for_completion(patience) == wait_status::completed);
    CHECK(compact.error() == errc::cancelled);
    CHECK(std::filesystem::file_size(path) == size);
}

TEST_CASE("work on a disk hears of a cancel until its point of no return", "[vhd][task][cancel]")
{
    const bool is_past = GENERATE(false, true);
    gate gate;
    engine engine;
    const auto work = engine.post([&](task_context& self) {
        vhd::detail::task_monitor monitor(self);
        monitor.step("working");
        monitor.report(3, 4);
        if (is_past) monitor.point_of_no_return();
        gate.hold_regardless();
        monitor.checkpoint();
    });
    REQUIRE(gate.reached());
    CHECK(work.progress().step == "working");
    CHECK(work.progress().done == 3);
    CHECK(work.percent_completed() == 75);

    CHECK(work.request_cancel() == (is_past ? make_error_code(errc::not_cancelable) : std::error_code()));
    gate.open();
    REQUIRE(work.wait_for_completion(patience) == wait_status::completed);
    CHECK(work.error() == (is_past ? std::error_code() : make_error_code(errc::cancelled)));
}
