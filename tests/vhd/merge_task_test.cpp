// SPDX-License-Identifier: BSL-1.0

// Merge of files, as a task.

#include <vmtask/vhd/merge.hpp>

#include <vmtask/engine.hpp>
#include <vmtask/vhd/compact.hpp>
#include <vmtask/vhd/error.hpp>

#include "support/catch.hpp"
#include "support/patience.hpp"
#include "support/vhd/chain_files.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/libvhdi_disk.hpp"
#include "support/vhd/verdict.hpp"

#include <chrono>
#include <filesystem>
#include <utility>

#include <sys/fsuid.h>
#include <unistd.h>

using namespace vmtask;
using namespace vmtask::test;
using vhd::file_access;

namespace {

namespace fs = std::filesystem;

/// A folder in which the engine's only worker can neither make nor remove a name
/// as long as this exists. To root all is allowed, so the worker is nobody.
class unwritable_folder {
public:
    unwritable_folder(fs::path folder, engine& where) : folder_(std::move(folder)), engine_(where)
    {
        fs::permissions(folder_,
                        fs::perms::all & ~fs::perms::group_write & ~fs::perms::others_write & ~fs::perms::owner_write);
        constexpr uid_t nobody = 65534;
        if (::geteuid() == 0) become(nobody);
    }
    unwritable_folder(const unwritable_folder&) = delete;
    unwritable_folder& operator=(const unwritable_folder&) = delete;
    ~unwritable_folder()
    {
        if (::geteuid() == 0) become(0);
        fs::permissions(folder_, fs::perms::owner_all);
    }

private:
    /// For access to files, and of that one thread alone.
    void become(uid_t user)
    {
        const auto task = engine_.post([user](task_context&) { ::setfsuid(user); });
        (void)task.wait_for_completion(patience);
    }

    fs::path folder_;
    engine& engine_;
};

} // namespace

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

TEST_CASE("a parent that seems to have changed is told by merge and compact, and refused by neither",
          "[vhd][chain][merge][task]")
{
    const chain_files files;
    engine engine;
    const auto before = vhd::compact(engine, files.top());
    REQUIRE(before.wait_for_completion(patience) == wait_status::completed);
    CHECK_FALSE(before.result().parent_seems_changed);
    fs::last_write_time(files.base(), fs::last_write_time(files.base()) + std::chrono::hours(1));

    const auto compacted = vhd::compact(engine, files.top());
    REQUIRE(compacted.wait_for_completion(patience) == wait_status::completed);
    CHECK(compacted.result().parent_seems_changed);
    const auto written = vhd::merge_into(engine, files.top(), files.folder / "new.vhd");
    REQUIRE(written.wait_for_completion(patience) == wait_status::completed);
    CHECK(written.result().parent_seems_changed);
    CHECK(is_same(contents_of(files.folder / "new.vhd"), files.expected));
    const auto merged = vhd::merge(engine, files.top());
    REQUIRE(merged.wait_for_completion(patience) == wait_status::completed);
    CHECK(merged.result().parent_seems_changed);
    CHECK(is_same(contents_of(files.middle()), files.expected));
}

TEST_CASE("a child that may not be removed is told, with all of it in its parent, and merged again it goes",
          "[vhd][merge][task]")
{
    const chain_files files;
    for (const fs::path& path : {files.top(), files.middle(), files.base()})
        fs::permissions(path, fs::perms::all, fs::perm_options::add);
    engine engine({.workers = 1});
    {
        const unwritable_folder folder(files.folder.path(), engine);
        const auto merged = vhd::merge(engine, files.top());
        REQUIRE(merged.wait_for_completion(patience) == wait_status::completed);
        CHECK(merged.error() == vhd::errc::access_denied);
        CHECK_THAT(failure_of([&] { (void)merged.result(); }).what,
                   Catch::Matchers::StartsWith(files.top().string() + ": "));
    }
    CHECK(is_same(contents_of(files.middle()), files.expected));
    CHECK(is_same(contents_of(files.top()), files.expected));
    const auto again = vhd::merge(engine, files.top());
    REQUIRE(again.wait_for_completion(patience) == wait_status::completed);
    CHECK(again.result().child_removed);
    CHECK_FALSE(fs::exists(files.top()));
}
