// SPDX-License-Identifier: BSL-1.0

// Disks made and written to by QEMU and by us in turn, and judged by others:
// qemu-img compares with a raw disk of the same data, vhdiinfo has to open them.

#include <vmtask/vhd/compact_image.hpp>
#include <vmtask/vhd/create_file.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/image.hpp>

#include "support/catch.hpp"
#include "support/vhd/program.hpp"
#include "support/vhd/recording_monitor.hpp"
#include "support/vhd/temporary_folder.hpp"
#include "support/vhd/verdict.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;

namespace {

bool has_other_programs()
{
    for (const char* program : {"qemu-img", "qemu-io", "vhdiinfo"}) {
        if (is_installed(program)) continue;
        WARN("skipped: " << program << " is not installed");
        return false;
    }
    return true;
}

void must_succeed(std::vector<std::string> command)
{
    const outcome done = run(std::move(command));
    INFO(done.output);
    REQUIRE(done.code == 0);
}

/// A disk that QEMU and we write to in turn, and what should be on it.
class shared_disk {
public:
    explicit shared_disk(std::uint32_t seed) : random_(seed) {}

    [[nodiscard]] std::string path() const { return (folder_ / "disk.vhd").string(); }

    /// A new disk of QEMU's, which may be a little larger than asked for.
    void make_by_qemu(std::uint64_t size, const std::string& options)
    {
        must_succeed({"qemu-img", "create", "-q", "-f", "vpc", "-o", options, path(), std::to_string(size)});
        vhd::file_store store(path(), vhd::file_access::read);
        expected_.resize(vhd::image(store).size());
    }

    void make_by_us(std::uint64_t size, std::uint32_t block_size)
    {
        vhd::create_options options;
        options.size_bytes = size;
        options.block_size_bytes = block_size;
        vhd::create_file(path(), options);
        expected_.resize(size);
    }

    /// Patterns, written zeros, and what QEMU makes of a request to zero.
    void write_by_qemu()
    {
        std::vector<std::string> command{"qemu-io", "-t", "writeback", "-f", "vpc"};
        for (std::uint32_t i = 0; i < 16; ++i) {
            const auto [offset, length] = somewhere(3U << 20);
            const std::uint32_t kind = draw() % 3;
            const std::uint32_t pattern = kind == 0 ? 1 + draw() % 255 : 0;
            const std::string how = kind == 1 ? "write -z " : "write -P " + std::to_string(pattern) + " ";
            command.insert(command.end(), {"-c", how + std::to_string(offset) + " " + std::to_string(length)});
            std::fill_n(at(offset), length, static_cast<std::byte>(pattern));
        }
        command.push_back(path());
        must_succeed(command);
    }

    void write_by_us()
    {
        vhd::file_store store(path(), vhd::file_access::write);
        vhd::image disk(store);
        for (std::uint32_t i = 0; i < 16; ++i) {
            const auto [offset, length] = somewhere(3U << 20);
            const auto bytes = i % 2 == 0 ? noise(length, draw()) : std::vector<std::byte>(length);
            disk.write(offset, bytes);
            put(expected_, offset, bytes);
        }
        disk.flush();
    }

    vhd::compact_report compact() const
    {
        vhd::file_store store(path(), vhd::file_access::write);
        recording_monitor monitor;
        return vhd::compact_image(store, monitor);
    }

    /// We, QEMU and libvhdi see the disk as it should be.
    void check() const
    {
        {
            vhd::file_store store(path(), vhd::file_access::read);
            REQUIRE(what_is_wrong(store, expected_) == "");
        }
        const std::string raw = (folder_ / "disk.raw").string();
        std::ofstream(raw, std::ios::binary)
            .write(reinterpret_cast<const char*>(expected_.data()), static_cast<std::streamsize>(expected_.size()));
        const outcome compared = run({"qemu-img", "compare", "-f", "vpc", "-F", "raw", path(), raw});
        REQUIRE(compared.output == "Images are identical.\n");

        const outcome info = run({"vhdiinfo", path()});
        REQUIRE(info.code == 0);
        REQUIRE_THAT(info.output, Catch::Matchers::ContainsSubstring(std::to_string(expected_.size()) + " bytes"));
    }

    [[nodiscard]] std::uint64_t file_size() const { return std::filesystem::file_size(path()); }

    /// How large the file may be when only blocks with data have a place, each
    /// with as much before it as an alignment to pages may take.
    [[nodiscard]] std::uint64_t largest_compact_size() const
    {
        vhd::file_store store(path(), vhd::file_access::read);
        const vhd::layout disk = vhd::read_layout(store);
        std::uint64_t size = disk.end_of_table() + 2 * vhd::sector_size;
        const std::uint64_t block_size = disk.header.block_size;
        for (std::uint64_t offset = 0; offset < expected_.size(); offset += block_size) {
            const auto length = std::min<std::uint64_t>(block_size, expected_.size() - offset);
            const auto block = std::span(expected_).subspan(offset, length);
            if (!is_same(block, std::vector<std::byte>(length))) size += disk.stored_block_bytes() + 4096;
        }
        return size;
    }

private:
    struct stretch {
        std::uint64_t offset;
        std::uint64_t length;
    };

    std::uint32_t draw() { return static_cast<std::uint32_t>(random_()); }

    stretch somewhere(std::uint64_t most)
    {
        const std::uint64_t offset = draw() % (expected_.size() / 512) * 512;
        const std::uint64_t length = std::min((1 + draw() % (most / 512)) * 512, expected_.size() - offset);
        return {offset, length};
    }

    std::vector<std::byte>::iterator at(std::uint64_t offset)
    {
        return expected_.begin() + static_cast<std::ptrdiff_t>(offset);
    }

    temporary_folder folder_;
    std::mt19937 random_;
    std::vector<std::byte> expected_;
};

void use_in_turn(shared_disk& disk)
{
    for (int round = 0; round < 2; ++round) {
        disk.write_by_qemu();
        disk.check();
        disk.compact();
        disk.check();
        CHECK(disk.file_size() <= disk.largest_compact_size());

        disk.write_by_us();
        disk.check();
        disk.compact();
        disk.check();
        CHECK(disk.file_size() <= disk.largest_compact_size());
    }
    CHECK(disk.compact().bytes_written == 0);
}

} // namespace

TEST_CASE("disks of QEMU's, written to by QEMU and by us in turn, compact to what others read unchanged",
          "[vhd][compact][interoperability]")
{
    if (!has_other_programs()) return;
    const auto [size, options] = GENERATE(table<std::uint64_t, std::string>({
        {(9U << 20) + 512, "subformat=dynamic"},
        {(13U << 20) + 512 * 7, "subformat=dynamic,force_size=on"},
    }));
    shared_disk disk(static_cast<std::uint32_t>(size));
    disk.make_by_qemu(size, options);
    use_in_turn(disk);
}

TEST_CASE("disks of ours, written to by QEMU and by us in turn, compact to what others read unchanged",
          "[vhd][compact][interoperability]")
{
    if (!has_other_programs()) return;
    const std::uint32_t block_size = GENERATE(512U << 10, 2U << 20);
    shared_disk disk(block_size);
    disk.make_by_us((9U << 20) + block_size - 512, block_size);
    use_in_turn(disk);
}

TEST_CASE("a fixed disk of QEMU's is read, and refused to be compacted", "[vhd][compact][interoperability]")
{
    if (!has_other_programs()) return;
    shared_disk disk(1);
    disk.make_by_qemu(3U << 20, "subformat=fixed,force_size=on");
    disk.write_by_qemu();
    const std::uint64_t size = disk.file_size();
    CHECK_THROWS_WITH(disk.compact(), Catch::Matchers::ContainsSubstring(disk.path()));
    CHECK(disk.file_size() == size);
}
