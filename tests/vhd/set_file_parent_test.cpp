// SPDX-License-Identifier: BSL-1.0

// Another parent for a disk in a file: which are taken, and who finds them then.

#include <vmtask/vhd/set_parent.hpp>

#include <vmtask/engine.hpp>
#include <vmtask/vhd/create_child_file.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/info.hpp>

#include "support/catch.hpp"
#include "support/patience.hpp"
#include "support/vhd/chain_files.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/libvhdi_disk.hpp"
#include "support/vhd/program.hpp"
#include "support/vhd/temporary_folder.hpp"
#include "support/vhd/verdict.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using vhd::file_access;

namespace {

namespace fs = std::filesystem;

/// A chain of three, and a folder to move some of it to.
struct moved_chain : chain_files {
    moved_chain() { fs::create_directory(elsewhere()); }

    [[nodiscard]] fs::path elsewhere() const { return folder / "elsewhere"; }

    /// Moves a disk there, under another name.
    fs::path move(const fs::path& disk) const
    {
        const fs::path target = elsewhere() / ("moved " + disk.filename().string());
        fs::rename(disk, target);
        return target;
    }
};

/// Why the parent is not set. The disk stays as it was.
failure refusal(const fs::path& disk, const fs::path& parent, const vhd::set_parent_options& options = {})
{
    const auto bytes_of = [&] {
        if (!fs::exists(disk)) return std::string();
        std::string bytes(fs::file_size(disk), '\0');
        REQUIRE(std::ifstream(disk, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size())));
        return bytes;
    };
    const std::string before = bytes_of();
    const failure why = failure_of([&] { vhd::set_file_parent(disk, parent, options); });
    CHECK(bytes_of() == before);
    return why;
}

/// A disk that shows what `disk` does, and has another id.
void copy_as_another(const fs::path& disk, const fs::path& copy)
{
    fs::copy_file(disk, copy);
    vhd::file_store store(copy, file_access::write);
    change_footer(store, [](vhd::disk_footer& footer) { footer.id = vhd::make_uuid(); });
}

constexpr vhd::set_parent_options any_id{.ignore_id_mismatch = true};

} // namespace

TEST_CASE("disks whose parents have moved find them again when they have been told, in any order",
          "[vhd][chain][set_parent]")
{
    const moved_chain files;
    const fs::path moved = files.move(files.middle());
    const fs::path moved_base = files.move(files.base());
    REQUIRE(refusal_of(files.top()).code == vhd::errc::parent_not_found);
    CHECK_THAT(vhd::set_file_parent(files.top(), moved).missing_beneath, StartsWith(moved.string() + ": there is no "));
    CHECK(vhd::set_file_parent(moved, moved_base).missing_beneath == "");

    const vhd::disk_chain chain(files.top());
    CHECK(fs::equivalent(chain.links().at(1).path, moved));
    CHECK(chain.links().at(1).found_by == vhd::parent_source::relative_path);
    CHECK(chain.links().at(2).found_by == vhd::parent_source::relative_path);
    CHECK(is_same(contents_of(files.top()), files.expected));
    CHECK(is_same(contents_of(moved), files.expected_of_middle));
}

TEST_CASE("a disk with a new parent is found by libvhdi to name it, and is read alike",
          "[vhd][chain][set_parent][interoperability]")
{
    if (!libvhdi_disk::is_installed()) {
        WARN("skipped: libvhdi is not installed");
        return;
    }
    const moved_chain files;
    const fs::path moved = files.elsewhere() / "another.vhd";
    copy_as_another(files.middle(), moved);
    vhd::set_file_parent(moved, files.base());
    vhd::set_file_parent(files.top(), moved, any_id);
    libvhdi_disk base(files.base());
    libvhdi_disk middle(moved);
    libvhdi_disk top(files.top());
    CHECK(top.parent_name() == "another.vhd");
    middle.set_parent(base);
    top.set_parent(middle);
    CHECK(is_same(top.contents(), files.expected));
    if (!is_installed("vhdiinfo")) return;
    const outcome info = run({"vhdiinfo", files.top().string()});
    CHECK(info.code == 0);
    CHECK_THAT(info.output,
               ContainsSubstring("another.vhd") && ContainsSubstring(vhd::to_string(vhd::read_info(moved).id)));
}

TEST_CASE("a parent that is another disk by its id is taken only if that is not to count", "[vhd][chain][set_parent]")
{
    const moved_chain files;
    const fs::path copy = files.elsewhere() / "copy.vhd";
    copy_as_another(files.base(), copy);
    const failure why = refusal(files.middle(), copy);
    CHECK(why.code == vhd::errc::wrong_parent);
    CHECK_THAT(why.what, StartsWith(files.middle().string() + ": " + copy.string() + " has the id "));

    const auto report = vhd::set_file_parent(files.middle(), copy, any_id);
    CHECK(report.before.id == vhd::read_info(files.base()).id);
    CHECK(report.after.id == vhd::read_info(copy).id);
    CHECK(report.parent == copy.string());
    CHECK_FALSE(report.parent_seems_changed); // it is another
    CHECK(is_same(contents_of(files.top()), files.expected));
    fs::remove(files.base());
    CHECK(is_same(contents_of(files.top()), files.expected));
}

TEST_CASE("a disk becomes neither its own parent nor that of its parents", "[vhd][chain][set_parent]")
{
    const chain_files files;
    const fs::path link = files.folder / "link.vhd";
    fs::create_symlink(files.top(), link);
    for (const auto& options : {vhd::set_parent_options(), any_id}) {
        CHECK(refusal(files.top(), files.top(), options).code == vhd::errc::parent_cycle);
        CHECK(refusal(files.top(), link, options).code == vhd::errc::parent_cycle);
    }
    CHECK(refusal(files.middle(), files.top(), any_id).code == vhd::errc::parent_cycle);
    CHECK(refusal(files.middle(), files.top()).code == vhd::errc::wrong_parent);
}

TEST_CASE("a parent shorter than the disk is taken only if it is the one that the disk was made over",
          "[vhd][chain][set_parent]")
{
    const moved_chain files;
    const fs::path longer = files.folder / "longer.vhd";
    vhd::create_child_file(longer, files.base(), {.size_bytes = 2 * chain_disk_size});
    const fs::path copy = files.elsewhere() / "copy.vhd";
    copy_as_another(files.base(), copy);
    const failure why = refusal(longer, copy, any_id);
    CHECK(why.code == vhd::errc::parent_too_small);
    CHECK_THAT(why.what, ContainsSubstring(copy.string() + " is " + std::to_string(chain_disk_size) + " bytes long"));

    const fs::path moved = files.move(files.base());
    CHECK_FALSE(failure_of([&] { vhd::set_file_parent(longer, moved); }).code);
    CHECK(vhd::disk_chain(longer).links().size() == 2);
    vhd::create_child_file(files.folder / "shorter.vhd", moved, {.size_bytes = 1U << 20});
    CHECK_FALSE(failure_of([&] { vhd::set_file_parent(files.folder / "shorter.vhd", longer, any_id); }).code);
}

TEST_CASE("a parent that cannot be used, or a disk that has none, is refused with the file and the reason",
          "[vhd][chain][set_parent]")
{
    const moved_chain files;
    const fs::path letter = files.folder / "letter.txt";
    std::ofstream(letter) << std::string(5000, 'x');
    const failure absent = refusal(files.top(), files.folder / "absent.vhd");
    CHECK(absent.code == vhd::errc::no_such_file);
    CHECK_THAT(absent.what, ContainsSubstring((files.folder / "absent.vhd").string() + ": "));
    CHECK(refusal(files.top(), letter).code == vhd::errc::not_a_vhd);
    CHECK(refusal(files.top(), files.elsewhere()).code == vhd::errc::is_directory);
    CHECK(refusal(letter, files.base()).code == vhd::errc::not_a_vhd);
    CHECK(refusal(files.folder / "absent.vhd", files.base()).code == vhd::errc::no_such_file);
    CHECK(refusal(files.base(), files.middle()).code == vhd::errc::not_differencing);
}

TEST_CASE("a parent is set while others read it, and neither it nor the disk while they are written to",
          "[vhd][chain][set_parent][lock]")
{
    const moved_chain files;
    for (const fs::path& path : {files.top(), files.middle(), files.base()}) {
        const vhd::file_store user(path, file_access::write);
        CHECK(refusal(files.top(), files.middle()).code == vhd::errc::in_use);
    }
    {
        const vhd::file_store user(files.top(), file_access::read);
        CHECK(refusal(files.top(), files.middle()).code == vhd::errc::in_use);
    }
    const vhd::file_store user(files.middle(), file_access::read);
    CHECK(vhd::set_file_parent(files.top(), files.middle()).parent == files.middle().string());
}

TEST_CASE("that a parent has changed is told when it is set, and forgotten then", "[vhd][chain][set_parent]")
{
    const chain_files files;
    fs::last_write_time(files.middle(), fs::last_write_time(files.middle()) + std::chrono::hours(1));
    REQUIRE(vhd::disk_chain(files.top()).seems_changed());
    CHECK(vhd::set_file_parent(files.top(), files.middle()).parent_seems_changed);
    CHECK_FALSE(vhd::disk_chain(files.top()).seems_changed());
    CHECK_FALSE(vhd::set_file_parent(files.top(), files.middle()).parent_seems_changed);
}

TEST_CASE("the way to a parent is noted from the folder in which the disk really is", "[vhd][chain][set_parent]")
{
    const moved_chain files;
    fs::create_directory(files.folder / "links");
    const fs::path link = files.folder / "links/top.vhd";
    fs::create_symlink(files.top(), link);
    fs::create_symlink(files.elsewhere(), files.folder / "links/elsewhere");
    const fs::path moved = files.move(files.middle());
    vhd::set_file_parent(moved, files.base());
    const auto report = vhd::set_file_parent(link, files.folder / "links/elsewhere" / moved.filename());
    CHECK(report.after.relative_paths == std::vector<std::string>{".\\elsewhere\\moved middle.vhd"});
    CHECK(report.after.absolute_paths == std::vector<std::string>{fs::canonical(moved).string()});
    CHECK(report.after.name == "moved middle.vhd");
    CHECK(is_same(contents_of(files.top()), files.expected));
    CHECK(is_same(contents_of(link), files.expected));
}

TEST_CASE("a change of parent is a task, and its files can be opened when it is complete",
          "[vhd][chain][set_parent][task]")
{
    const moved_chain files;
    const fs::path moved = files.move(files.middle());
    vhd::set_file_parent(moved, files.base());
    engine engine;
    const auto task = vhd::set_parent(engine, files.top(), moved);
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    CHECK_FALSE(lock_refusal(files.top(), file_access::write));
    CHECK_FALSE(lock_refusal(moved, file_access::write));
    CHECK(task.description() == "set the parent of " + files.top().string());
    CHECK(task.percent_completed() == 100);
    CHECK(task.result().parent == moved.string());
    CHECK(task.result().after.name == "moved middle.vhd");
    CHECK(is_same(contents_of(files.top()), files.expected));

    const auto refused = vhd::set_parent(engine, files.top(), files.base());
    REQUIRE(refused.wait_for_completion(patience) == wait_status::completed);
    CHECK(refused.error() == vhd::errc::wrong_parent);
}
