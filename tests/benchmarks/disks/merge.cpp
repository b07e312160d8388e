// SPDX-License-Identifier: BSL-1.0
//
// Row 6: a child with 1 GiB of blocks merged into its parent, which is empty, beside
// QEMU's program with the same data in its own format: it knows no chains of VHD.

#include "disks/make_disk.hpp"
#include "disks/rows.hpp"
#include "disks/scratch.hpp"
#include "rows/await_end.hpp"

#include <vmtask/engine.hpp>
#include <vmtask/vhd/merge.hpp>

#include <string>

namespace vmtask::benchmark {
namespace {

/// None of zeros: QEMU's format would not store these.
disk_content content_for(const effort& how_much)
{
    return {.size = how_much.disk_bytes, .stored_every = 4, .has_zero_blocks = false};
}

measurements ours(const effort& how_much)
{
    const scratch_folder folder;
    make_chain(folder / "parent.vhd", folder / "child.vhd", content_for(how_much));
    return {{"ms", milliseconds_of([&] {
                 engine pool({.workers = 1});
                 const auto task = vhd::merge(pool, folder / "child.vhd");
                 await_end(task);
                 static_cast<void>(task.result());
             })}};
}

measurements by_qemu(const effort& how_much)
{
    const scratch_folder folder;
    make_raw_disk(folder / "raw", content_for(how_much));
    const std::string size = std::to_string(how_much.disk_bytes);
    run_command({"qemu-img", "create", "-f", "qcow2", folder / "parent", size});
    // Made a child only afterwards: into a child, zeros would be written out.
    run_command({"qemu-img", "convert", "-f", "raw", "-O", "qcow2", folder / "raw", folder / "child"});
    run_command({"qemu-img", "rebase", "-u", "-f", "qcow2", "-b", folder / "parent", "-F", "qcow2", folder / "child"});
    flush_file(folder / "child");
    return {{"ms", milliseconds_of([&] {
                 run_command({"qemu-img", "commit", "-f", "qcow2", folder / "child"});
                 flush_file(folder / "parent");
             })}};
}

} // namespace

group merge()
{
    return {{{"merge/ours", "ours", ours}, {"merge/qemu_img", "qemu-img commit of a qcow2, fsync", by_qemu}},
            {{6, "merge of a child with 1 GiB of blocks", "ms", {"merge/ours", "ms"}, {"merge/qemu_img", "ms"}, 1.0}}};
}

} // namespace vmtask::benchmark
