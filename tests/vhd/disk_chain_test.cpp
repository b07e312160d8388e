// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/disk_chain.hpp>

#include <vmtask/vhd/compact.hpp>
#include <vmtask/vhd/create_child_file.hpp>
#include <vmtask/vhd/create_file.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/info.hpp>
#include <vmtask/vhd/merge.hpp>

#include "support/catch.hpp"
#include "support/patience.hpp"
#include "support/vhd/chain_files.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/libvhdi_disk.hpp"
#include "support/vhd/program.hpp"
#include "support/vhd/verdict.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;
using vhd::chain_access;
using vhd::file_access;
using vhd::parent_source;

namespace {

namespace fs = std::filesystem;

failure refusal_of(const fs::path& disk, const vhd::chain_options& options = {})
{
    return failure_of([&] { const vhd::disk_chain chain(disk, chain_access::read, options); });
}

parent_source source_of(const fs::path& disk, const vhd::chain_options& options = {})
{
    return vhd::disk_chain(disk, chain_access::read, options).links().at(1).found_by;
}

std::error_code lock_refusal(const fs::path& path, file_access access)
{
    return failure_of([&] { const vhd::file_store store(path, access); }).code;
}

/// Works in another folder as long as it exists.
class working_folder {
public:
    explicit working_folder(const fs::path& folder) : before_(fs::current_path()) { fs::current_path(folder); }
    working_folder(const working_folder&) = delete;
    working_folder& operator=(const working_folder&) = delete;
    ~working_folder() { fs::current_path(before_); }

private:
    fs::path before_;
};

/// A child with these paths to its parent and no others.
void make_child(const fs::path& path, const fs::path& parent, vhd::parent_reference reference)
{
    reference.id = vhd::read_info(parent).id;
    vhd::create_options options{.size_bytes = 1U << 20, .block_size_bytes = small_block};
    options.parent = std::move(reference);
    vhd::create_file(path, options);
}

void make_parent(const fs::path& path)
{
    vhd::create_file(path, {.size_bytes = 1U << 20, .block_size_bytes = small_block});
}

} // namespace

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

TEST_CASE("merge and compact of files are tasks, whose results libvhdi reads as we do",
          "[vhd][chain][merge][task][interoperability]")
{
    const chain_files files;
    engine engine;
    const auto merged = vhd::merge(engine, files.top(), {.keep_child = true});
    REQUIRE(merged.wait_for_completion(patience) == wait_status::completed);
    REQUIRE_FALSE(merged.error());
    CHECK(merged.description() == "merge " + files.top().string());
    CHECK(merged.percent_completed() == 100);
    CHECK(merged.result().parent == files.middle().string());
    CHECK_FALSE(merged.result().child_removed);
    CHECK(is_same(contents_of(files.middle()), files.expected));
    const auto compacted = vhd::compact(engine, files.top());
    REQUIRE(compacted.wait_for_completion(patience) == wait_status::completed);
    CHECK(compacted.result().blocks_freed == compacted.result().blocks_scanned);
    CHECK(is_same(contents_of(files.top()), files.expected));
    CHECK(is_same(contents_of(files.base()), files.expected_of_base));

    if (!libvhdi_disk::is_installed()) {
        WARN("not read by libvhdi, which is not installed");
        return;
    }
    libvhdi_disk base(files.base());
    libvhdi_disk middle(files.middle());
    libvhdi_disk top(files.top());
    middle.set_parent(base);
    top.set_parent(middle);
    CHECK(is_same(middle.contents(), files.expected));
    CHECK(is_same(top.contents(), files.expected));
}

TEST_CASE("whoever sees the end of a merge finds the child gone, and can open the parent", "[vhd][merge][task]")
{
    const chain_files files;
    engine engine;
    const auto merged = vhd::merge(engine, files.top());
    REQUIRE(merged.wait_for_completion(patience) == wait_status::completed);
    CHECK(merged.result().child_removed);
    CHECK_FALSE(fs::exists(files.top()));
    CHECK_FALSE(lock_refusal(files.middle(), file_access::write));
    CHECK(is_same(contents_of(files.middle()), files.expected));

    const auto target = files.folder / "new.vhd";
    const auto written = vhd::merge_into(engine, files.middle(), target, {.block_size_bytes = 512U << 10});
    REQUIRE(written.wait_for_completion(patience) == wait_status::completed);
    CHECK(written.result().file_size == fs::file_size(target));
    CHECK(is_same(contents_of(target), files.expected));
    const auto refused = vhd::merge(engine, target);
    REQUIRE(refused.wait_for_completion(patience) == wait_status::completed);
    CHECK(refused.error() == vhd::errc::not_differencing);
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

TEST_CASE("either path may be relative to the other, whatever folder one works in", "[vhd][chain]")
{
    const temporary_folder folder;
    fs::create_directories(folder / "base/deep");
    fs::create_directories(folder / "kids");
    const auto [work_in, parent, child] = GENERATE(table<std::string, std::string, std::string>({
        {".", "base/deep/p.vhd", "kids/c.vhd"},
        {"kids", "../base/deep/p.vhd", "c.vhd"},
        {"base/deep", "p.vhd", "../../kids/c.vhd"},
        {"base", "deep/p.vhd", "c.vhd"},
        {"base", "./deep/../deep/p.vhd", "./deep/c.vhd"},
    }));
    fs::path opened;
    {
        const working_folder here(folder / work_in);
        make_parent(parent);
        vhd::create_child_file(child, parent);
        opened = fs::canonical(child);
        CHECK(source_of(child) == parent_source::relative_path);
    }
    CHECK(source_of(opened) == parent_source::relative_path);
}

TEST_CASE("a parent is found by its relative path, else the absolute one, else its name", "[vhd][chain]")
{
    const temporary_folder folder;
    fs::create_directories(folder / "a/b");
    make_parent(folder / "a/p.vhd");
    vhd::create_child_file(folder / "a/b/c.vhd", folder / "a/p.vhd");
    CHECK(source_of(folder / "a/b/c.vhd") == parent_source::relative_path);

    SECTION("all is moved together")
    {
        fs::rename(folder / "a", folder / "z");
        CHECK(source_of(folder / "z/b/c.vhd") == parent_source::relative_path);
    }
    SECTION("the child is moved")
    {
        fs::rename(folder / "a/b/c.vhd", folder / "c.vhd");
        CHECK(source_of(folder / "c.vhd") == parent_source::absolute_path);
    }
    SECTION("the parent is moved beside the child")
    {
        fs::rename(folder / "a/p.vhd", folder / "a/b/p.vhd");
        CHECK(source_of(folder / "a/b/c.vhd") == parent_source::name);
    }
    SECTION("the parent gets another name")
    {
        fs::rename(folder / "a/p.vhd", folder / "q.vhd");
        CHECK(refusal_of(folder / "a/b/c.vhd").code == vhd::errc::parent_not_found);
        CHECK(source_of(folder / "a/b/c.vhd", {folder / "q.vhd"}) == parent_source::given);
    }
    SECTION("the child is opened by a symbolic link")
    {
        fs::create_symlink(folder / "a/b/c.vhd", folder / "link.vhd");
        fs::rename(folder / "a", folder / "z");
        fs::remove(folder / "link.vhd");
        fs::create_symlink(folder / "z/b/c.vhd", folder / "link.vhd");
        CHECK(source_of(folder / "link.vhd") == parent_source::relative_path);
    }
}

TEST_CASE("paths that Windows has written lead to a parent", "[vhd][chain]")
{
    const temporary_folder folder;
    fs::create_directories(folder / "a/b");
    make_parent(folder / "a/p.vhd");
    const fs::path child = folder / "a/b/c.vhd";
    SECTION("a relative one")
    {
        make_child(child, folder / "a/p.vhd", {.relative_paths = {"..\\p.vhd"}});
        CHECK(source_of(child) == parent_source::relative_path);
    }
    SECTION("the end of an absolute one")
    {
        make_child(child, folder / "a/p.vhd", {.absolute_paths = {"D:\\disks\\p.vhd"}});
        CHECK(refusal_of(child).code == vhd::errc::parent_not_found);
        fs::rename(folder / "a/p.vhd", folder / "a/b/p.vhd");
        CHECK(source_of(child) == parent_source::name);
    }
    SECTION("a name that has a separator of Windows' in it")
    {
        fs::rename(folder / "a/p.vhd", folder / "a/p\\q.vhd");
        vhd::create_child_file(child, folder / "a/p\\q.vhd");
        CHECK(source_of(child) == parent_source::relative_path);
    }
}

TEST_CASE("a missing parent is an error that says where it was looked for", "[vhd][chain]")
{
    const chain_files files;
    fs::rename(files.base(), files.folder / "away.vhd");
    const failure failed = refusal_of(files.top());
    CHECK(failed.code == vhd::errc::parent_not_found);
    CHECK_THAT(failed.what,
               Catch::Matchers::StartsWith(files.middle().string() + ": there is no " + files.base().string() + ": "));
    CHECK(failed.what.find('\n') == std::string::npos);
}

TEST_CASE("a disk that is not the parent is an error that names both files and ids", "[vhd][chain]")
{
    const chain_files files;
    const auto wanted = vhd::to_string(vhd::read_info(files.base()).id);
    fs::remove(files.base());
    make_parent(files.base());
    const failure failed = refusal_of(files.top());
    CHECK(failed.code == vhd::errc::wrong_parent);
    CHECK_THAT(failed.what,
               Catch::Matchers::StartsWith(files.middle().string() + ": ") && ContainsSubstring(files.base().string())
                   && ContainsSubstring(wanted) && ContainsSubstring(vhd::to_string(vhd::read_info(files.base()).id)));
    CHECK(refusal_of(files.middle(), {files.top()}).code == vhd::errc::wrong_parent);
}

TEST_CASE("a disk that is not the parent does not hide the one that is", "[vhd][chain]")
{
    const temporary_folder folder;
    fs::create_directories(folder / "a/b");
    make_parent(folder / "p.vhd");
    make_child(folder / "a/b/c.vhd", folder / "p.vhd",
               {.relative_paths = {".\\p.vhd"}, .absolute_paths = {(folder / "p.vhd").string()}});
    SECTION("because it is another disk")
    {
        make_parent(folder / "a/b/p.vhd");
    }
    SECTION("because it is no disk")
    {
        std::ofstream(folder / "a/b/p.vhd") << std::string(5000, 'x');
    }
    SECTION("because it is a folder")
    {
        fs::create_directory(folder / "a/b/p.vhd");
    }
    CHECK(source_of(folder / "a/b/c.vhd") == parent_source::absolute_path);
}

TEST_CASE("a chain that leads back to itself is refused", "[vhd][chain]")
{
    const temporary_folder folder;
    make_parent(folder / "p.vhd");
    vhd::create_child_file(folder / "c.vhd", folder / "p.vhd");
    vhd::create_child_file(folder / "d.vhd", folder / "c.vhd");
    SECTION("by its file")
    {
        fs::copy_file(folder / "d.vhd", folder / "p.vhd", fs::copy_options::overwrite_existing);
    }
    SECTION("by another name of its file")
    {
        fs::remove(folder / "p.vhd");
        fs::create_hard_link(folder / "d.vhd", folder / "p.vhd");
    }
    const failure failed = refusal_of(folder / "d.vhd");
    CHECK((failed.code == vhd::errc::parent_cycle || failed.code == vhd::errc::wrong_parent));
    const failure itself = refusal_of(folder / "c.vhd", {folder / "c.vhd"});
    CHECK(itself.code == vhd::errc::parent_cycle);
    CHECK_THAT(itself.what, ContainsSubstring((folder / "c.vhd").string()));
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

TEST_CASE("a new differencing disk is as its parent, or as asked for", "[vhd][chain][create]")
{
    const temporary_folder folder;
    make_parent(folder / "p.vhd");
    vhd::create_child_file(folder / "c.vhd", folder / "p.vhd");
    CHECK(vhd::read_info(folder / "c.vhd").virtual_size == 1U << 20);
    CHECK(vhd::read_info(folder / "c.vhd").block_size == small_block);
    const auto id = vhd::make_uuid();
    vhd::create_child_file(folder / "d.vhd", folder / "p.vhd",
                           {.size_bytes = 3U << 20, .block_size_bytes = 512U << 10, .id = id});
    CHECK(vhd::read_info(folder / "d.vhd").virtual_size == 3U << 20);
    CHECK(vhd::read_info(folder / "d.vhd").block_size == 512U << 10);
    CHECK(vhd::read_info(folder / "d.vhd").id == id);
}

TEST_CASE("a differencing disk that cannot be made leaves nothing of its name", "[vhd][chain][create]")
{
    const temporary_folder folder;
    const auto refusal = [&](const fs::path& parent) {
        return failure_of([&] { vhd::create_child_file(folder / "c.vhd", parent); }).code;
    };
    CHECK(refusal(folder / "absent.vhd") == vhd::errc::no_such_file);
    std::ofstream(folder / "letter.txt") << std::string(5000, 'x');
    CHECK(refusal(folder / "letter.txt") == vhd::errc::not_a_vhd);
    make_parent(folder / "\xFF.vhd");
    CHECK(refusal(folder / "\xFF.vhd") == vhd::errc::unusable_parent_name);
    CHECK_FALSE(fs::exists(folder / "c.vhd"));
    std::ofstream(folder / "c.vhd") << "mine";
    make_parent(folder / "p.vhd");
    CHECK(refusal(folder / "p.vhd") == vhd::errc::already_exists);
    CHECK(fs::file_size(folder / "c.vhd") == 4);
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
