// SPDX-License-Identifier: BSL-1.0

// Merge of files, as a task.

#include <vmtask/vhd/merge.hpp>

#include <vmtask/vhd/compact.hpp>
#include <vmtask/vhd/error.hpp>

#include "support/catch.hpp"
#include "support/patience.hpp"
#include "support/vhd/chain_files.hpp"
#include "support/vhd/libvhdi_disk.hpp"
#include "support/vhd/verdict.hpp"

#include <filesystem>

using namespace vmtask;
using namespace vmtask::test;
using vhd::file_access;

namespace fs = std::filesystem;

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
