// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/create_file.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/image.hpp>
#include <vmtask/vhd/layout.hpp>

#include "support/catch.hpp"
#include "support/sanitized.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/program.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;

namespace {

constexpr std::uint64_t virtual_size = 2040ULL << 30;
constexpr std::uint64_t used_blocks = 64;

std::uint64_t bytes_on_host(const std::filesystem::path& path)
{
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

/// Makes a disk of the largest size in a file of about that size, nearly all of
/// it holes: the blocks lie far from each other, with a page of data in each;
/// every second one has zeros there.
void make_vast_disk(const std::filesystem::path& path, std::uint32_t block_size)
{
    vhd::create_options options;
    options.size_bytes = virtual_size;
    options.block_size_bytes = block_size;
    vhd::create_file(path, options);
    vhd::file_store store(path, vhd::file_access::write);
    const vhd::layout disk = vhd::read_layout(store);
    const std::uint64_t distance = virtual_size / used_blocks / 4096 * 4096;
    for (std::uint64_t i = 0; i < used_blocks; ++i) {
        const std::uint64_t place = disk.end_of_table() + i * distance;
        const auto block = static_cast<std::uint32_t>(disk.table.size() - 1 - i * 1000);
        store.write(place, std::vector<std::byte>(disk.bitmap_bytes(), std::byte{0xFF}));
        store.write(place + disk.bitmap_bytes(),
                    i % 2 != 0 ? noise(4096, static_cast<std::uint32_t>(i)) : std::vector<std::byte>(4096));
        set_entry(store, block, static_cast<std::uint32_t>(place / 512));
    }
    store.write(disk.end_of_table() + used_blocks * distance, disk.footer_bytes);
}

void check_vast_disk(const std::filesystem::path& path)
{
    vhd::file_store store(path, vhd::file_access::read);
    vhd::image disk(store);
    std::vector<std::byte> seen(4096);
    for (std::uint64_t i = 0; i < used_blocks; ++i) {
        disk.read((disk.layout().table.size() - 1 - i * 1000) * disk.block_size(), seen);
        CHECK((seen == (i % 2 != 0 ? noise(4096, static_cast<std::uint32_t>(i)) : std::vector<std::byte>(4096))));
    }
}

} // namespace

TEST_CASE(
    "a disk of 2040 GiB is looked at, checked, compacted and converted in less than 64 MiB of memory, and stays sparse",
    "[vhd][compact][memory]")
{
    const std::uint32_t block_size = GENERATE(2U << 20, 512U << 10);
    const temporary_folder folder;
    const auto path = folder / "vast.vhd";
    make_vast_disk(path, block_size);
    const std::uint64_t before = bytes_on_host(path);
    REQUIRE(std::filesystem::file_size(path) > virtual_size - (1U << 20));

    const outcome measured = run({VMTASK_VHD_WORKER, path.string()});
    INFO(measured.output);
    REQUIRE(measured.code == 0);
    if (is_sanitized) WARN("memory not measured: a sanitizer takes more than we do");
    else CHECK(std::stoull(measured.output) < 64 * 1024);

    check_vast_disk(path);
    CHECK(std::filesystem::file_size(path) < used_blocks * (block_size + 512) + virtual_size / block_size * 4 + 4096);
    CHECK(bytes_on_host(path) <= before);
}

TEST_CASE("the file of a sparse disk takes no more of the host after a compact", "[vhd][compact][memory]")
{
    const std::uint32_t block_size = GENERATE(2U << 20, 512U << 10);
    const temporary_folder folder;
    const auto path = folder / "sparse.vhd";
    vhd::create_file(path, {.size_bytes = 64U << 20, .block_size_bytes = block_size});
    {
        vhd::file_store store(path, vhd::file_access::write);
        vhd::image disk(store);
        for (std::uint64_t at = 0; at < disk.size(); at += block_size)
            disk.write(at + block_size / 2, at / block_size % 3 == 0 ? std::vector<std::byte>(65536) : noise(65536, 1));
        disk.flush();
    }
    const std::uint64_t size = std::filesystem::file_size(path);
    const std::uint64_t before = bytes_on_host(path);
    REQUIRE(before < size / 4);

    REQUIRE(run({VMTASK_VHD_WORKER, path.string()}).code == 0);
    CHECK(std::filesystem::file_size(path) < size * 3 / 4);
    CHECK(bytes_on_host(path) <= before);
}
