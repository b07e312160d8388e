// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/create_file.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/file_store.hpp>

#include "support/catch.hpp"
#include "support/patience.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/program.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
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

/// What another process of ours is told.
std::error_code refusal_elsewhere(const std::filesystem::path& path, file_access access)
{
    const pid_t child = ::fork();
    if (child == 0) ::_exit(refusal_of(path, access).value());
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    return {WEXITSTATUS(status), vhd::error_category()};
}

/// A disk that nobody has open yet.
class locked_disk {
public:
    locked_disk() { vhd::create_file(path(), {.size_bytes = 1U << 20}); }

    [[nodiscard]] std::filesystem::path path() const { return folder_ / "disk.vhd"; }
    [[nodiscard]] std::filesystem::path beside(const char* name) const { return folder_ / name; }

private:
    temporary_folder folder_;
};

/// Tries one byte's lock; what fcntl() answers, nothing if it refuses.
std::optional<struct flock> lock_byte(int descriptor, int command, short type, off_t byte)
{
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = byte;
    lock.l_len = 1;
    if (::fcntl(descriptor, command, &lock) != 0) return std::nullopt;
    return lock;
}

/// The bytes, as far as any might be, that others have locked.
std::set<off_t> locked_bytes(const std::filesystem::path& path)
{
    const vhd::file_store other(::open(path.c_str(), O_RDWR | O_CLOEXEC), path);
    std::set<off_t> bytes;
    for (off_t byte = 0; byte < 400; ++byte) {
        const auto lock = lock_byte(other.descriptor(), F_OFD_GETLK, F_WRLCK, byte);
        if (lock && lock->l_type != F_UNLCK) bytes.insert(byte);
    }
    return bytes;
}

bool skip_without(const char* program)
{
    if (is_installed(program)) return false;
    WARN("skipped: " << program << " is not installed");
    return true;
}

/// A qemu-io that has the disk open.
std::unique_ptr<program> qemu_io_on(const locked_disk& disk, bool read_only)
{
    std::vector<std::string> command{"qemu-io", "-f", "vpc", disk.path().string()};
    if (read_only) command.insert(command.begin() + 1, "-r");
    auto qemu = std::make_unique<program>(std::move(command));
    qemu->say("read 0 512\n");
    REQUIRE(qemu->says("read 512/512"));
    return qemu;
}

} // namespace

TEST_CASE("the bytes that are locked are those that QEMU locks, and one of ours", "[vhd][locking]")
{
    const locked_disk disk;
    {
        const vhd::file_store held(disk.path(), file_access::write);
        CHECK(locked_bytes(disk.path()) == std::set<off_t>{100, 101, 102, 103, 200, 201, 202, 203, 300});
    }
    {
        const vhd::file_store held(disk.path(), file_access::read);
        CHECK(locked_bytes(disk.path()) == std::set<off_t>{100, 201, 203, 300});
    }
    CHECK(locked_bytes(disk.path()).empty());
}

TEST_CASE("each permission that another program uses or refuses counts", "[vhd][locking]")
{
    const locked_disk disk;
    const vhd::file_store other(::open(disk.path().c_str(), O_RDWR | O_CLOEXEC), disk.path());
    const std::set<off_t> against_readers{101, 103, 200};
    for (const off_t byte : {100, 101, 102, 103, 200, 201, 202, 203}) {
        CAPTURE(byte);
        REQUIRE(lock_byte(other.descriptor(), F_OFD_SETLK, F_RDLCK, byte).has_value());
        CHECK(refusal_of(disk.path(), file_access::write) == errc::in_use);
        CHECK((refusal_of(disk.path(), file_access::read) == errc::in_use) == against_readers.contains(byte));
        REQUIRE(lock_byte(other.descriptor(), F_OFD_SETLK, F_UNLCK, byte).has_value());
    }
    CHECK_FALSE(refusal_of(disk.path(), file_access::write));
}

TEST_CASE("two writers exclude each other, in one process and in two", "[vhd][locking]")
{
    const locked_disk disk;
    {
        const vhd::file_store held(disk.path(), file_access::write);
        CHECK(refusal_of(disk.path(), file_access::write) == errc::in_use);
        CHECK(refusal_elsewhere(disk.path(), file_access::write) == errc::in_use);
        CHECK(refusal_of(disk.path(), file_access::write) == std::errc::device_or_resource_busy);
    }
    CHECK_FALSE(refusal_of(disk.path(), file_access::write));
    CHECK_FALSE(refusal_elsewhere(disk.path(), file_access::write));
}

TEST_CASE("a reader and a writer exclude each other", "[vhd][locking]")
{
    const locked_disk disk;
    const auto first = GENERATE(file_access::read, file_access::write);
    const auto second = first == file_access::read ? file_access::write : file_access::read;
    const vhd::file_store held(disk.path(), first);
    CHECK(refusal_of(disk.path(), second) == errc::in_use);
    CHECK(refusal_elsewhere(disk.path(), second) == errc::in_use);
}

TEST_CASE("readers share", "[vhd][locking]")
{
    const locked_disk disk;
    const vhd::file_store held(disk.path(), file_access::read);
    CHECK_FALSE(refusal_of(disk.path(), file_access::read));
    CHECK_FALSE(refusal_elsewhere(disk.path(), file_access::read));
}

TEST_CASE("a refused attempt does not unlock the file for others", "[vhd][locking]")
{
    const locked_disk disk;
    const vhd::file_store held(disk.path(), file_access::write);
    for (int attempt = 0; attempt < 3; ++attempt) CHECK(refusal_of(disk.path(), file_access::write) == errc::in_use);
}

TEST_CASE("a disk that qemu-io writes to is refused until it has closed it", "[vhd][locking][interoperability]")
{
    if (skip_without("qemu-io")) return;
    const locked_disk disk;
    auto qemu = qemu_io_on(disk, false);
    CHECK(refusal_of(disk.path(), file_access::write) == errc::in_use);
    CHECK(refusal_of(disk.path(), file_access::read) == errc::in_use);
    qemu->say("quit\n");
    CHECK(qemu->wait() == 0);
    CHECK_FALSE(refusal_of(disk.path(), file_access::write));
}

TEST_CASE("a disk that qemu-io reads is read but not written", "[vhd][locking][interoperability]")
{
    if (skip_without("qemu-io")) return;
    const locked_disk disk;
    const auto qemu = qemu_io_on(disk, true);
    CHECK(refusal_of(disk.path(), file_access::write) == errc::in_use);
    CHECK_FALSE(refusal_of(disk.path(), file_access::read));
}

TEST_CASE("a disk that qemu-storage-daemon exports is refused", "[vhd][locking][interoperability]")
{
    if (skip_without("qemu-storage-daemon")) return;
    const locked_disk disk;
    const std::string ready = disk.beside("pid").string();
    program daemon({"qemu-storage-daemon", "--blockdev", "driver=file,node-name=file,filename=" + disk.path().string(),
                    "--blockdev", "driver=vpc,node-name=disk,file=file", "--nbd-server",
                    "addr.type=unix,addr.path=" + disk.beside("nbd").string(), "--export",
                    "type=nbd,id=export,node-name=disk,writable=on", "--pidfile", ready});
    REQUIRE(eventually([&] { return std::filesystem::exists(ready) && std::filesystem::file_size(ready) > 0; }));
    CHECK(refusal_of(disk.path(), file_access::write) == errc::in_use);
    CHECK(refusal_of(disk.path(), file_access::read) == errc::in_use);
}

TEST_CASE("QEMU is refused a disk that we write to", "[vhd][locking][interoperability]")
{
    if (skip_without("qemu-img") || skip_without("qemu-io")) return;
    const locked_disk disk;
    const std::string path = disk.path().string();
    {
        const vhd::file_store held(path, file_access::write);
        const outcome info = run({"qemu-img", "info", path});
        CHECK(info.code != 0);
        CHECK_THAT(info.output, Catch::Matchers::ContainsSubstring("lock"));
        CHECK(run({"qemu-io", "-f", "vpc", "-c", "write 0 512", path}).code != 0);
        CHECK(run({"qemu-io", "-r", "-f", "vpc", "-c", "read 0 512", path}).code != 0);
    }
    CHECK(run({"qemu-img", "info", path}).code == 0);
    CHECK(run({"qemu-io", "-f", "vpc", "-c", "write 0 512", path}).code == 0);
}

TEST_CASE("QEMU reads, and is refused to write, a disk that we read", "[vhd][locking][interoperability]")
{
    if (skip_without("qemu-img") || skip_without("qemu-io")) return;
    const locked_disk disk;
    const std::string path = disk.path().string();
    const vhd::file_store held(path, file_access::read);
    CHECK(run({"qemu-img", "info", path}).code == 0);
    CHECK(run({"qemu-io", "-f", "vpc", "-c", "write 0 512", path}).code != 0);
}
