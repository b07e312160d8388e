// SPDX-License-Identifier: BSL-1.0

// What a file_store asks of the system, seen by standing between the two.

#include <vmtask/vhd/file_store.hpp>

#include <vmtask/vhd/create_file.hpp>

#include "support/catch.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

using namespace vmtask;
using namespace vmtask::test;

namespace {

struct {
    int data_flushes = 0; // fdatasync()
    int file_flushes = 0; // fsync()
    int error = 0;        // of the next one, 0 for none
    bool fails_once = false;
} asked;

int flush(long call, int descriptor)
{
    ++(call == SYS_fsync ? asked.file_flushes : asked.data_flushes);
    if (asked.error == 0) return static_cast<int>(::syscall(call, descriptor));
    errno = asked.error;
    if (asked.fails_once) asked.error = 0;
    return -1;
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
