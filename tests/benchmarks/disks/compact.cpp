// SPDX-License-Identifier: BSL-1.0
//
// Rows 1 to 3: a disk with a quarter of its blocks zeroed, compacted in place,
// beside the usual way to make it smaller, which is to write another; and one
// in which nothing can be freed, beside reading it once.

#include "disks/make_disk.hpp"
#include "disks/rows.hpp"
#include "disks/scratch.hpp"
#include "rows/await_end.hpp"

#include <vmtask/engine.hpp>
#include <vmtask/vhd/compact.hpp>
#include <vmtask/vhd/file_store.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace vmtask::benchmark {
namespace {

/// Looks at the space that the work takes while it goes on.
class space_watch final : public vhd::work_monitor {
public:
    explicit space_watch(const scratch_folder& folder) : folder_(folder), before_(folder.space_taken()) {}

    void report(std::uint64_t, std::uint64_t) override { look(); }
    void step(std::string_view) override { look(); }
    void checkpoint() override {}
    void point_of_no_return() override {}

    [[nodiscard]] double extra_bytes() const { return static_cast<double>(most_ - before_); }

private:
    void look() { most_ = std::max(most_, folder_.space_taken()); }

    const scratch_folder& folder_;
    const std::uint64_t before_;
    std::uint64_t most_ = before_;
};

void compact_task(const std::filesystem::path& path)
{
    engine pool({.workers = 1});
    const auto task = vhd::compact(pool, path);
    await_end(task);
    static_cast<void>(task.result()); // throws what went wrong
}

measurements ours(const disk_content& content)
{
    const scratch_folder folder;
    make_dynamic_disk(folder / "disk.vhd", content);
    return {{"ms", milliseconds_of([&] { compact_task(folder / "disk.vhd"); })}};
}

measurements ours_watched(const disk_content& content)
{
    const scratch_folder folder;
    make_dynamic_disk(folder / "disk.vhd", content);
    vhd::file_store store(folder / "disk.vhd", vhd::file_access::write);
    space_watch watch(folder);
    vhd::compact_image(store, watch);
    return {{"extra", watch.extra_bytes()}};
}

measurements by_conversion(const disk_content& content)
{
    const scratch_folder folder;
    make_dynamic_disk(folder / "disk.vhd", content);
    const std::uint64_t before = folder.space_taken();
    const auto target = folder / "smaller.vhd";
    const double time = milliseconds_of([&] {
        run_command(
            {"qemu-img", "convert", "-f", "vpc", "-O", "vpc", "-o", "force_size=on", folder / "disk.vhd", target});
        flush_file(target);
    });
    return {{"ms", time}, {"extra", static_cast<double>(folder.space_taken() - before)}};
}

measurements reading(const disk_content& content)
{
    const scratch_folder folder;
    make_dynamic_disk(folder / "disk.vhd", content);
    return {{"ms", milliseconds_of([&] { run_command({"cat", folder / "disk.vhd"}); })}};
}

disk_content without_zeros(disk_content content)
{
    content.has_zero_blocks = false;
    return content;
}

/// The contenders and lines for one kind of disk, whose name tells them apart.
void add_rows(group& all, const std::string& name, disk_content (*content_for)(const effort&))
{
    const auto id = [&](const char* of) { return "compact/" + std::string(of) + "_" + name; };
    const auto add = [&](const char* of, const char* label, auto run) {
        all.contenders.push_back({id(of), label, [=](const effort& e) { return run(content_for(e)); }});
    };
    const char* const conversion = "qemu-img convert -O vpc, fsync";
    add("ours", "ours", ours);
    add("watched", "ours", ours_watched);
    add("qemu_img", conversion, by_conversion);
    add("ours_kept", "ours", [](disk_content content) { return ours(without_zeros(content)); });
    add("cat", "cat", [](disk_content content) { return reading(without_zeros(content)); });

    const std::string disk = ", " + name + " disk";
    all.lines.push_back(
        {1, "compact, a quarter of the blocks zero" + disk, "ms", {id("ours"), "ms"}, {id("qemu_img"), "ms"}, 0.25});
    all.lines.push_back({2,
                         "space needed beyond the image" + disk,
                         "bytes",
                         {id("watched"), "extra"},
                         {id("qemu_img"), "extra"},
                         0,
                         true});
    all.lines.push_back({3, "compact, nothing to free" + disk, "ms", {id("ours_kept"), "ms"}, {id("cat"), "ms"}, 1.3});
}

} // namespace

group compact()
{
    group all;
    add_rows(all, "full", full_disk);
    add_rows(all, "sparse", sparse_disk);
    return all;
}

} // namespace vmtask::benchmark
