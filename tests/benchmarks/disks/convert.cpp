// SPDX-License-Identifier: BSL-1.0
//
// Row 5: a disk in another format, durable, beside QEMU's program.

#include "disks/make_disk.hpp"
#include "disks/rows.hpp"
#include "disks/scratch.hpp"
#include "rows/await_end.hpp"

#include <vmtask/engine.hpp>
#include <vmtask/vhd/convert.hpp>

#include <string>

namespace vmtask::benchmark {
namespace {

/// Where it comes from, and what it is to be.
struct conversion {
    vhd::convert_options options;
    void (*make_source)(const std::filesystem::path&, const disk_content&);
    std::string source_format; // as QEMU calls it
    std::string target_options;
};

/// With holes in the target, as QEMU makes it.
conversion dynamic_to_fixed()
{
    return {{.target = {.format = vhd::image_format::fixed, .sparse = true}},
            make_dynamic_disk,
            "vpc",
            "force_size=on,subformat=fixed"};
}

conversion raw_to_dynamic()
{
    return {
        {.target = {.format = vhd::image_format::dynamic}, .from_raw = true}, make_raw_disk, "raw", "force_size=on"};
}

measurements ours(const conversion& wanted, const disk_content& content)
{
    const scratch_folder folder;
    wanted.make_source(folder / "source", content);
    return {{"ms", milliseconds_of([&] {
                 engine pool({.workers = 1});
                 const auto task = vhd::convert(pool, folder / "source", folder / "target", wanted.options);
                 await_end(task);
                 static_cast<void>(task.result());
             })}};
}

measurements by_qemu(const conversion& wanted, const disk_content& content)
{
    const scratch_folder folder;
    wanted.make_source(folder / "source", content);
    return {{"ms", milliseconds_of([&] {
                 run_command({"qemu-img", "convert", "-f", wanted.source_format, "-O", "vpc", "-o",
                              wanted.target_options, folder / "source", folder / "target"});
                 flush_file(folder / "target");
             })}};
}

/// The contenders and the line for one conversion of one kind of disk.
void add_row(group& all, const std::string& measure, const std::string& id, conversion (*wanted)(),
             disk_content (*content_for)(const effort&))
{
    const contender we{"convert/ours_" + id, "ours", [=](const effort& e) { return ours(wanted(), content_for(e)); }};
    const contender they{"convert/qemu_" + id, "qemu-img convert, fsync",
                         [=](const effort& e) { return by_qemu(wanted(), content_for(e)); }};
    all.lines.push_back({5, "convert " + measure, "ms", {we.id, "ms"}, {they.id, "ms"}, 0.7});
    all.contenders.insert(all.contenders.end(), {we, they});
}

} // namespace

group convert()
{
    group all;
    add_row(all, "dynamic to fixed, full disk", "fixed_full", dynamic_to_fixed, full_disk);
    add_row(all, "dynamic to fixed, sparse disk", "fixed_sparse", dynamic_to_fixed, sparse_disk);
    add_row(all, "raw to dynamic, full disk", "dynamic_full", raw_to_dynamic, full_disk);
    add_row(all, "raw to dynamic, sparse disk", "dynamic_sparse", raw_to_dynamic, sparse_disk);
    return all;
}

} // namespace vmtask::benchmark
