// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/file_store.hpp>

#include "support/catch.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;
using vhd::errc;
using vhd::file_access;

namespace {

std::error_code refusal_of(const std::filesystem::path& path, file_access access)
{
    return failure_of([&] { const vhd::file_store store(path, access); }).code;
}

std::filesystem::path make_file(const temporary_folder& folder, std::uint64_t size)
{
    std::ofstream{folder / "file"};
    std::filesystem::resize_file(folder / "file", size);
    return folder / "file";
}

} // namespace

TEST_CASE("a file gives back what was written to it", "[vhd][file]")
{
    const temporary_folder folder;
    vhd::file_store store(make_file(folder, 0), file_access::write);
    const auto written = noise(100000, 1);
    store.write(50000, written);
    store.flush();
    CHECK(store.size() == 150000);

    std::vector<std::byte> seen(written.size());
    store.read(50000, seen);
    CHECK(seen == written);
    store.truncate(1000);
    store.flush();
    CHECK(store.size() == 1000);
    const failure beyond = failure_of([&] { store.read(0, seen); });
    CHECK(beyond.code == errc::file_too_short);
    CHECK_THAT(beyond.what, Catch::Matchers::ContainsSubstring(store.name() + ": it ends before"));
}

TEST_CASE("holes of a file are found", "[vhd][file]")
{
    const temporary_folder folder;
    vhd::file_store store(make_file(folder, 10U << 20), file_access::write);
    if (::lseek(store.descriptor(), 0, SEEK_DATA) == 0) {
        WARN("skipped: this file system knows no holes");
        return;
    }
    CHECK(store.next_data(0) == store.size());
    CHECK(store.next_hole(0) == 0);
    store.write(4U << 20, noise(1U << 20, 1));
    CHECK(store.next_data(0) == 4U << 20);
    CHECK(store.next_data(4500000) == 4500000);
    CHECK(store.next_hole(4U << 20) == 5U << 20);
    CHECK(store.next_data(6U << 20) == store.size());
    CHECK(store.next_data(store.size()) == store.size());
    CHECK(store.next_hole(store.size()) == store.size());
}

TEST_CASE("only regular files are opened, and nothing waits for others", "[vhd][file]")
{
    const temporary_folder folder;
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    const auto access = GENERATE(file_access::read, file_access::write);
    CHECK(refusal_of(folder.path(), access) == errc::is_directory);
    CHECK(refusal_of(folder / "pipe", access) == errc::not_a_regular_file);
    CHECK(refusal_of("/dev/null", access) == errc::not_a_regular_file);
    CHECK(refusal_of(folder / "nothing", access) == errc::no_such_file);
    CHECK(refusal_of(folder / "pipe/below", access) == errc::no_such_file);
    CHECK(refusal_of("", access) == errc::no_such_file);
}

TEST_CASE("a file marked read-only is read but not written, even by root", "[vhd][file]")
{
    const temporary_folder folder;
    const auto path = make_file(folder, 512);
    REQUIRE(::chmod(path.c_str(), 0444) == 0);
    CHECK_FALSE(refusal_of(path, file_access::read));
    CHECK(refusal_of(path, file_access::write) == errc::read_only);
}

TEST_CASE("a descriptor is not passed on to other programs", "[vhd][file]")
{
    const temporary_folder folder;
    const vhd::file_store store(make_file(folder, 512), file_access::read);
    CHECK((::fcntl(store.descriptor(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a write that the system refuses says what and why", "[vhd][file]")
{
    const temporary_folder folder;
    vhd::file_store store(make_file(folder, 512), file_access::write);
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    struct rlimit old {};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &old) == 0);
    const struct rlimit small {
        4096, old.rlim_max
    };
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    const failure refused = failure_of([&] { store.write(4000, noise(512, 1)); });
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &old) == 0);
    (void)std::signal(SIGXFSZ, old_handler);

    CHECK(refused.code == std::errc::file_too_large);
    CHECK_THAT(refused.what, Catch::Matchers::ContainsSubstring(store.name() + ": cannot write"));
    CHECK(refused.what.find('\n') == std::string::npos);
}

TEST_CASE("a path with a line break makes no second line of a message", "[vhd][file]")
{
    CHECK(failure_of([] { const vhd::file_store store("/no\nway", file_access::read); }).what
          == "/no?way: there is no such file or folder; check the path");
}
