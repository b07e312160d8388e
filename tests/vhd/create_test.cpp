// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/create_file.hpp>
#include <vmtask/vhd/create_image.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/info.hpp>
#include <vmtask/vhd/layout.hpp>

#include "file/new_file.hpp"

#include "support/catch.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/memory_store.hpp"
#include "support/vhd/program.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>

using namespace vmtask;
using namespace vmtask::test;
using vhd::errc;

namespace {

vhd::create_options of_size(std::uint64_t size, std::uint32_t block_size = 2U << 20)
{
    vhd::create_options options;
    options.size_bytes = size;
    options.block_size_bytes = block_size;
    return options;
}

std::size_t files_in(const temporary_folder& folder)
{
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder.path()), {}));
}

} // namespace

TEST_CASE("a new image has footer, header, table and footer, and nothing else", "[vhd][create]")
{
    memory_store store;
    vhd::create_options options = of_size(5 * (2U << 20) - 512);
    options.id = vhd::uuid{std::byte{1}};
    options.timestamp = 4711;
    const vhd::create_report report = vhd::create_image(store, options);

    CHECK(report.virtual_size == 5 * (2U << 20) - 512);
    CHECK(report.file_size == 2560);
    CHECK(store.size() == 2560);
    const vhd::layout disk = vhd::read_layout(store);
    CHECK(disk.footer.current_size == report.virtual_size);
    CHECK(disk.footer.original_size == report.virtual_size);
    CHECK(disk.footer.geometry == vhd::geometry_for(report.virtual_size / 512));
    CHECK(disk.footer.id == *options.id);
    CHECK(disk.footer.timestamp == 4711);
    CHECK(disk.table.size() == 5);
    vhd::sector first{};
    store.read(0, first);
    CHECK(first == disk.footer_bytes);
}

TEST_CASE("the table of a new image is filled to the end of its sector", "[vhd][create]")
{
    memory_store store = make_disk(129 * small_block);
    std::vector<std::byte> table(1024);
    store.read(1536, table);
    CHECK(table == std::vector<std::byte>(1024, std::byte{0xFF}));
    CHECK(store.size() == 1536 + 1024 + 512);
}

TEST_CASE("sizes that a disk cannot have are refused before the first write", "[vhd][create]")
{
    memory_store store;
    const std::uint64_t size = GENERATE(0ULL, 1ULL, 511ULL, 1000ULL, (2040ULL << 30) + 512, ~0ULL, ~0ULL - 511);
    CHECK(failure_of([&] { vhd::create_image(store, of_size(size)); }).code == errc::invalid_size);
    CHECK(store.writes == 0);
}

TEST_CASE("block sizes that an image cannot have are refused before the first write", "[vhd][create]")
{
    memory_store store;
    const std::uint32_t size = GENERATE(0U, 1U, 256U, 1000U, 3U << 20, 0xFFFFFFFFU);
    CHECK(failure_of([&] { vhd::create_image(store, of_size(1U << 20, size)); }).code == errc::invalid_block_size);
    CHECK(store.writes == 0);
}

TEST_CASE("a table too large for us is not made", "[vhd][create]")
{
    memory_store store;
    const std::uint64_t most = std::uint64_t{vhd::largest_table} * 4096;
    CHECK(failure_of([&] { vhd::create_image(store, of_size(most + 512, 4096)); }).code == errc::table_too_large);
    CHECK(store.writes == 0);
    vhd::create_image(store, of_size(most, 4096));
    CHECK(vhd::read_layout(store).table.size() == vhd::largest_table);
}

TEST_CASE("the smallest and the largest disk can be made", "[vhd][create]")
{
    const std::uint64_t size = GENERATE(512ULL, 2040ULL << 30);
    const std::uint32_t block_size = GENERATE(512U << 10, 2U << 20);
    memory_store store;
    vhd::create_image(store, of_size(size, block_size));
    CHECK(vhd::read_layout(store).footer.current_size == size);
}

TEST_CASE("two new disks are not the same", "[vhd][create]")
{
    memory_store one = make_disk(1U << 20);
    memory_store other = make_disk(1U << 20);
    CHECK(vhd::read_layout(one).footer.id != vhd::read_layout(other).footer.id);
}

TEST_CASE("a created file is a disk of the size asked for", "[vhd][create]")
{
    const temporary_folder folder;
    const vhd::create_report report = vhd::create_file(folder / "new.vhd", of_size(10U << 20));
    const vhd::image_info info = vhd::read_info(folder / "new.vhd");

    CHECK(report.file_size == std::filesystem::file_size(folder / "new.vhd"));
    CHECK(info.virtual_size == 10U << 20);
    CHECK(info.allocated_on_host > 0);
    CHECK(files_in(folder) == 1);
}

TEST_CASE("an existing file is never touched by a create", "[vhd][create]")
{
    const temporary_folder folder;
    std::ofstream(folder / "old.vhd") << "mine";
    std::filesystem::create_symlink("nowhere", folder / "link.vhd");
    std::filesystem::create_directory(folder / "folder.vhd");
    for (const char* name : {"old.vhd", "link.vhd", "folder.vhd"})
        CHECK(failure_of([&] { vhd::create_file(folder / name, of_size(1U << 20)); }).code == errc::already_exists);
    CHECK(std::filesystem::file_size(folder / "old.vhd") == 4);
    CHECK(files_in(folder) == 3);
}

TEST_CASE("a file that appears during a create is not touched either", "[vhd][create]")
{
    using kind = vhd::detail::new_file::kind;
    const temporary_folder folder;
    const auto wanted = GENERATE(kind::unnamed_if_possible, kind::hidden);
    {
        vhd::detail::new_file file(folder / "new.vhd", wanted);
        vhd::create_image(file.store(), of_size(1U << 20));
        std::ofstream(folder / "new.vhd") << "mine";
        CHECK(failure_of([&] { file.publish(); }).code == errc::already_exists);
    }
    CHECK(std::filesystem::file_size(folder / "new.vhd") == 4);
    CHECK(files_in(folder) == 1);
}

TEST_CASE("nothing has the file's name before it is whole", "[vhd][create]")
{
    using kind = vhd::detail::new_file::kind;
    const temporary_folder folder;
    const auto wanted = GENERATE(kind::unnamed_if_possible, kind::hidden);
    {
        vhd::detail::new_file file(folder / "new.vhd", wanted);
        vhd::create_image(file.store(), of_size(1U << 20));
        CHECK_FALSE(std::filesystem::exists(folder / "new.vhd"));
        for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
            CHECK(entry.path().extension() == ".partial");
    }
    CHECK(files_in(folder) == 0);
    {
        vhd::detail::new_file file(folder / "new.vhd", wanted);
        vhd::create_image(file.store(), of_size(1U << 20));
        file.publish();
    }
    CHECK(files_in(folder) == 1);
    CHECK(vhd::read_info(folder / "new.vhd").virtual_size == 1U << 20);
}

TEST_CASE("a create that is refused leaves nothing", "[vhd][create]")
{
    const temporary_folder folder;
    CHECK(failure_of([&] { vhd::create_file(folder / "new.vhd", of_size(100)); }).code == errc::invalid_size);
    CHECK(files_in(folder) == 0);
    const failure missing = failure_of([&] { vhd::create_file(folder / "no/new.vhd", of_size(512)); });
    CHECK(missing.code == errc::no_such_file);
    CHECK(missing.code == std::errc::no_such_file_or_directory);
    CHECK(missing.what == (folder / "no/new.vhd").string() + ": there is no such file or folder; check the path");
}

TEST_CASE("a created file has the permissions of any new file", "[vhd][create]")
{
    const temporary_folder folder;
    const mode_t old = ::umask(027);
    vhd::create_file(folder / "new.vhd", of_size(512));
    ::umask(old);
    struct stat status {};
    REQUIRE(::stat((folder / "new.vhd").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0640);
}

TEST_CASE("QEMU and libvhdi see a created disk in the size asked for", "[vhd][create][interoperability]")
{
    if (!is_installed("qemu-img") || !is_installed("vhdiinfo")) {
        WARN("skipped: qemu-img or vhdiinfo is not installed");
        return;
    }
    // Sizes that no geometry describes, and both sides of where geometries end.
    const std::uint64_t size =
        GENERATE(512ULL, 1000448ULL, 1ULL << 30, 136899993600ULL, 136899994112ULL, 2040ULL << 30);
    const temporary_folder folder;
    const std::string path = (folder / "new.vhd").string();
    vhd::create_file(path, of_size(size));

    const std::string wanted = std::to_string(size);
    CHECK_THAT(run({"qemu-img", "info", "-f", "vpc", "--output", "json", path}).output,
               Catch::Matchers::ContainsSubstring("\"virtual-size\": " + wanted + ","));
    const std::string seen = run({"vhdiinfo", path}).output;
    CHECK((seen.find("(" + wanted + " bytes)") != std::string::npos
           || seen.find(": " + wanted + " bytes") != std::string::npos));
}
