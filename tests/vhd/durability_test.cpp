// SPDX-License-Identifier: BSL-1.0

// What a file_store asks of the system, seen by standing between the two.

#include <vmtask/vhd/file_store.hpp>

#include <vmtask/engine.hpp>
#include <vmtask/vhd/convert_file.hpp>
#include <vmtask/vhd/create_child_file.hpp>
#include <vmtask/vhd/create_file.hpp>
#include <vmtask/vhd/merge.hpp>

#include "support/catch.hpp"
#include "support/patience.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/recording_monitor.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <string>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

using namespace vmtask;
using namespace vmtask::test;

namespace {

std::mutex asking; // of any of the program's threads

struct {
    int data_flushes = 0; // fdatasync()
    int file_flushes = 0; // fsync()
    int error = 0;        // of the next one, 0 for none
    bool fails_once = false;

    /// What was asked for, in its order: "w" writes data, "f" a footer, "s" makes
    /// what was written durable, "n" gives the file its name.
    std::string order{};
} asked;

int flush(long call, int descriptor)
{
    const std::lock_guard lock(asking);
    ++(call == SYS_fsync ? asked.file_flushes : asked.data_flushes);
    asked.order += 's';
    if (asked.error == 0) return static_cast<int>(::syscall(call, descriptor));
    errno = asked.error;
    if (asked.fails_once) asked.error = 0;
    return -1;
}

bool is_footer(const void* bytes, std::size_t count)
{
    return count == vhd::sector_size && std::memcmp(bytes, "conectix", 8) == 0;
}

/// What the work asks for, as above.
template <class Work>
std::string order_of(Work work)
{
    asked = {};
    work();
    return asked.order;
}

/// Whether all data is durable before a footer says that it is there, and all of
/// the file before it gets its name.
bool is_durable_in_time(const std::string& order)
{
    bool has_data = false;
    bool has_footer = false;
    for (const char what : order) {
        if (what == 'f' && has_data) return false;
        if (what == 'n') return !has_data && !has_footer;
        has_data = what == 'w' || (has_data && what != 's');
        has_footer = what == 'f' || (has_footer && what != 's');
    }
    return false;
}

} // namespace

// Stand in for the system library's, in this program.
extern "C" int fsync(int descriptor)
{
    return flush(SYS_fsync, descriptor);
}

extern "C" int fdatasync(int descriptor)
{
    return flush(SYS_fdatasync, descriptor);
}

extern "C" ssize_t pwrite(int descriptor, const void* from, size_t count, off_t offset)
{
    const std::lock_guard lock(asking);
    asked.order += is_footer(from, count) ? 'f' : 'w';
    return ::syscall(SYS_pwrite64, descriptor, from, count, offset);
}

extern "C" int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept
{
    const std::lock_guard lock(asking);
    asked.order += 'n';
    return static_cast<int>(::syscall(SYS_linkat, from_folder, from, to_folder, to, flags));
}

extern "C" int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) noexcept
{
    const std::lock_guard lock(asking);
    asked.order += 'n';
    return static_cast<int>(::syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
}

TEST_CASE("a flush of a file reaches the system, and after a cut the file's length too", "[vhd][durability]")
{
    const temporary_folder folder;
    vhd::create_file(folder / "disk.vhd", {.size_bytes = 1U << 20});
    vhd::file_store store(folder / "disk.vhd", vhd::file_access::write);
    asked = {};
    store.write(0, std::array<std::byte, 512>{});
    CHECK(asked.data_flushes + asked.file_flushes == 0);
    store.flush();
    CHECK(asked.data_flushes + asked.file_flushes == 1);

    asked = {};
    store.truncate(1024);
    store.flush();
    CHECK(asked.file_flushes == 1);
}

TEST_CASE("a flush that the system could not make is told, with the system's reason", "[vhd][durability]")
{
    const temporary_folder folder;
    vhd::create_file(folder / "disk.vhd", {.size_bytes = 1U << 20});
    vhd::file_store store(folder / "disk.vhd", vhd::file_access::write);
    const bool was_cut = GENERATE(false, true);
    if (was_cut) store.truncate(1024);
    for (const int error : {EIO, ENOSPC}) {
        asked = {.error = error, .fails_once = true};
        const failure failed = failure_of([&] { store.flush(); });
        CHECK(failed.code == std::error_code(error, std::generic_category()).default_error_condition());
        CHECK_THAT(failed.what, Catch::Matchers::StartsWith(store.name() + ": "));
    }
    asked = {};
    store.flush();
    CHECK(asked.data_flushes + asked.file_flushes == 1);
    if (was_cut) CHECK(asked.file_flushes == 1);
}

TEST_CASE("a new disk that could not be made durable does not get its name", "[vhd][create][durability]")
{
    const temporary_folder folder;
    asked = {.error = EIO, .fails_once = true};
    const failure failed = failure_of([&] { vhd::create_file(folder / "disk.vhd", {.size_bytes = 1U << 20}); });
    CHECK(failed.code == std::errc::io_error);
    CHECK_FALSE(std::filesystem::exists(folder / "disk.vhd"));
    asked = {};
}

TEST_CASE("a new disk and its name are durable when a create returns", "[vhd][create][durability]")
{
    const temporary_folder folder;
    asked = {};
    vhd::create_file(folder / "disk.vhd", {.size_bytes = 1U << 20});
    CHECK(asked.data_flushes + asked.file_flushes >= 2); // the file and the folder
    CHECK(asked.file_flushes >= 1);
}

TEST_CASE("no footer is written before its data is durable, and no name given before all is", "[vhd][durability]")
{
    const temporary_folder folder;
    const auto base = folder / "base.vhd";
    const auto made = folder / "made.vhd";
    vhd::create_file(base, {.size_bytes = 4 * small_block, .block_size_bytes = small_block});
    {
        vhd::file_store store(base, vhd::file_access::write);
        fill_blocks(store, {0, 2});
    }
    const auto format = GENERATE(vhd::image_format::fixed, vhd::image_format::dynamic, vhd::image_format::raw);
    const std::string convert = order_of([&] {
        recording_monitor monitor;
        vhd::convert_file(base, made, {.target = {.format = format}}, monitor);
    });
    INFO("convert: " << convert);
    CHECK(is_durable_in_time(convert));
    CHECK_THAT(convert, Catch::Matchers::StartsWith("w"));

    std::filesystem::remove(made);
    const std::string merge = order_of([&] {
        engine engine;
        const auto task = vhd::merge_into(engine, base, made, {.format = format});
        REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
        REQUIRE_FALSE(task.error());
    });
    INFO("merge: " << merge);
    CHECK(is_durable_in_time(merge));
    CHECK_THAT(merge, Catch::Matchers::StartsWith("w"));
}

TEST_CASE("a created disk is durable before it gets its name, and its footer comes last", "[vhd][create][durability]")
{
    const temporary_folder folder;
    const auto type = GENERATE(vhd::disk_type::fixed, vhd::disk_type::dynamic);
    const std::string create =
        order_of([&] { vhd::create_file(folder / "base.vhd", {.size_bytes = 1U << 20, .type = type}); });
    INFO("create: " << create);
    CHECK(is_durable_in_time(create));
    const std::string child = order_of([&] { vhd::create_child_file(folder / "child.vhd", folder / "base.vhd"); });
    INFO("create of a child: " << child);
    CHECK(is_durable_in_time(child));
}
