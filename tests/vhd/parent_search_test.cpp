// SPDX-License-Identifier: BSL-1.0

// Where a parent is looked for, and what counts as one.

#include <vmtask/vhd/disk_chain.hpp>

#include <vmtask/vhd/create_child_file.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/info.hpp>

#include "support/catch.hpp"
#include "support/vhd/chain_files.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <filesystem>
#include <fstream>
#include <string>

using namespace vmtask;
using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;
using vhd::chain_access;
using vhd::parent_source;

namespace {

namespace fs = std::filesystem;

parent_source source_of(const fs::path& disk, const vhd::chain_options& options = {})
{
    return vhd::disk_chain(disk, chain_access::read, options).links().at(1).found_by;
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

} // namespace

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
