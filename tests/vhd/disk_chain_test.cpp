// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/disk_chain.hpp>

#include <vmtask/vhd/create_child_file.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/info.hpp>

#include "support/catch.hpp"
#include "support/vhd/chain_files.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/libvhdi_disk.hpp"
#include "support/vhd/program.hpp"
#include "support/vhd/temporary_folder.hpp"
#include "support/vhd/verdict.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;
using vhd::chain_access;
using vhd::file_access;
using vhd::parent_source;

namespace fs = std::filesystem;

TEST_CASE("a chain of files shows what was written to each", "[vhd][chain]")
{
    const chain_files files;
    vhd::disk_chain chain(files.top());
    REQUIRE(chain.links().size() == 3);
    CHECK(chain.links()[0].info.type == vhd::disk_type::differencing);
    CHECK(chain.links()[0].info.block_size == 2U << 20);
    CHECK(chain.links()[1].path == files.middle());
    CHECK(chain.links()[1].found_by == parent_source::relative_path);
    CHECK(chain.links()[1].info.block_size == 512U << 10);
    CHECK(chain.links()[2].info.type == vhd::disk_type::dynamic);
    CHECK(is_same(contents(static_cast<vhd::guest_reader&>(chain.reader())), files.expected));
    CHECK(is_same(contents_of(files.middle()), files.expected_of_middle));
    CHECK(is_same(contents_of(files.base()), files.expected_of_base));
}

TEST_CASE("libvhdi reads our differencing disks as we do", "[vhd][chain][interoperability]")
{
    if (!libvhdi_disk::is_installed()) {
        WARN("skipped: libvhdi is not installed");
        return;
    }
    const chain_files files;
    libvhdi_disk base(files.base());
    libvhdi_disk middle(files.middle());
    libvhdi_disk top(files.top());
    middle.set_parent(base);
    top.set_parent(middle);
    CHECK(middle.parent_name() == "base.vhd");
    CHECK(is_same(top.contents(), files.expected));
    CHECK(is_same(middle.contents(), files.expected_of_middle));
    if (!is_installed("vhdiinfo")) return;
    const outcome info = run({"vhdiinfo", files.top().string()});
    CHECK(info.code == 0);
    CHECK_THAT(info.output, ContainsSubstring("Differential") && ContainsSubstring("middle.vhd"));
}

TEST_CASE("QEMU takes a differencing disk for a dynamic one and shows zeros where we show the parent",
          "[vhd][chain][interoperability]")
{
    if (!is_installed("qemu-img")) {
        WARN("skipped: qemu-img is not installed");
        return;
    }
    const temporary_folder folder;
    make_parent(folder / "base.vhd");
    auto expected = std::vector<std::byte>();
    scribble(folder / "base.vhd", 1, expected);
    vhd::create_child_file(folder / "top.vhd", folder / "base.vhd");
    CHECK(is_same(contents_of(folder / "top.vhd"), expected));
    const outcome converted =
        run({"qemu-img", "convert", "-f", "vpc", (folder / "top.vhd").string(), (folder / "top.raw").string()});
    CHECK(converted.code == 0);
    const outcome compared = run({"qemu-img", "compare", "-f", "raw", "-F", "vpc", (folder / "top.raw").string(),
                                  (folder / "base.vhd").string()});
    CHECK(compared.code == 1);
}

TEST_CASE("a differencing disk that QEMU has written to still has its parent", "[vhd][chain][interoperability]")
{
    if (!is_installed("qemu-io")) {
        WARN("skipped: qemu-io is not installed");
        return;
    }
    const temporary_folder folder;
    make_parent(folder / "base.vhd");
    auto expected = std::vector<std::byte>();
    scribble(folder / "base.vhd", 1, expected);
    vhd::create_child_file(folder / "top.vhd", folder / "base.vhd");
    const outcome written = run({"qemu-io", "-f", "vpc", "-c", "write -P 7 0 64k", (folder / "top.vhd").string()});
    REQUIRE(written.code == 0);
    std::fill_n(expected.begin(), 64 << 10, std::byte{7});
    CHECK(is_same(contents_of(folder / "top.vhd"), expected));
}

TEST_CASE("a chain of a hundred files just works, and one of 257 is refused", "[vhd][chain]")
{
    const temporary_folder folder;
    const auto path = [&](std::size_t number) { return folder / (std::to_string(number) + ".vhd"); };
    make_parent(path(0));
    std::vector<std::byte> expected;
    scribble(path(0), 1, expected);
    // By way of raw options: to open the chain for each of them is quadratic.
    for (std::size_t i = 1; i <= vhd::longest_chain; ++i)
        make_child(path(i), path(i - 1), {.relative_paths = {std::to_string(i - 1) + ".vhd"}});
    scribble(path(50), 2, expected);
    scribble(path(100), 3, expected);
    CHECK(is_same(contents_of(path(100)), expected));
    CHECK(vhd::disk_chain(path(255)).links().size() == 256);
    CHECK(refusal_of(path(256)).code == vhd::errc::chain_too_long);
    CHECK(failure_of([&] { vhd::create_child_file(folder / "new.vhd", path(255)); }).code == vhd::errc::chain_too_long);
}

TEST_CASE("a parent that has changed since is reported, and used", "[vhd][chain]")
{
    const chain_files files;
    CHECK_FALSE(vhd::disk_chain(files.top()).links()[1].seems_changed);
    fs::last_write_time(files.middle(), fs::last_write_time(files.middle()) + std::chrono::hours(1));
    CHECK(vhd::disk_chain(files.top()).links()[1].seems_changed);
    CHECK(is_same(contents_of(files.top()), files.expected));
}

TEST_CASE("each file of a chain is locked as long as it is open", "[vhd][chain][locking]")
{
    const chain_files files;
    const auto access = GENERATE(chain_access::read, chain_access::write_child, chain_access::write_child_pair);
    const std::size_t writable = access == chain_access::read ? 0 : access == chain_access::write_child ? 1 : 2;
    const std::vector<fs::path> paths{files.top(), files.middle(), files.base()};
    {
        const vhd::disk_chain chain(files.top(), access);
        for (std::size_t i = 0; i < paths.size(); ++i) {
            CAPTURE(i);
            CHECK(lock_refusal(paths[i], file_access::write) == vhd::errc::in_use);
            CHECK((lock_refusal(paths[i], file_access::read) == vhd::errc::in_use) == (i < writable));
            if (!is_installed("qemu-io")) continue;
            CHECK(run({"qemu-io", "-f", "vpc", "-c", "write 0 512", paths[i].string()}).code != 0);
            CHECK((run({"qemu-io", "-r", "-f", "vpc", "-c", "read 0 512", paths[i].string()}).code != 0)
                  == (i < writable));
        }
    }
    for (const fs::path& path : paths) CHECK_FALSE(lock_refusal(path, file_access::write));
}

TEST_CASE("a chain with a file that somebody writes to is refused, and its other files are let go",
          "[vhd][chain][locking]")
{
    const chain_files files;
    const fs::path held = files.folder / GENERATE("top.vhd", "middle.vhd", "base.vhd");
    {
        const vhd::file_store writer(held, file_access::write);
        CHECK(refusal_of(files.top()).code == vhd::errc::in_use);
        CHECK_THAT(refusal_of(files.top()).what, Catch::Matchers::StartsWith(held.string() + ": "));
    }
    for (const fs::path& path : {files.top(), files.middle(), files.base()})
        CHECK_FALSE(lock_refusal(path, file_access::write));
}

TEST_CASE("what is wrong with a parent is told of a disk, and the disk is described", "[vhd][chain]")
{
    const chain_files files;
    CHECK(vhd::read_chain_info(files.top()).links.size() == 3);
    CHECK_FALSE(vhd::read_chain_info(files.top()).error);
    fs::remove(files.base());
    const vhd::chain_info info = vhd::read_chain_info(files.top());
    CHECK(info.links.size() == 2);
    CHECK(info.error == vhd::errc::parent_not_found);
    CHECK_THAT(info.message, ContainsSubstring(files.base().string()));
}
