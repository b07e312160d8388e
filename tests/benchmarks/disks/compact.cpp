// SPDX-License-Identifier: BSL-1.0
//
// Rows 1 to 3: a disk with as many zeroed blocks as not, compacted in place,
// beside the usual way to make it smaller, which is to write another; and one
// in which nothing can be freed, beside reading it once.

#include "disks/make_disk.hpp"
#include "disks/rows.hpp"
#include "disks/scratch.hpp"

#include <vmtask/engine.hpp>
#include <vmtask/vhd/compact.hpp>
#include <vmtask/vhd/file_store.hpp>

#include <algorithm>
#include <string_view>

namespace vmtask::benchmark {
namespace {

constexpr std::uint64_t zero_every = 4;

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
    task.wait_for_completion();
    static_cast<void>(task.result()); // throws what went wrong
}

measurements ours(const effort& how_much)
{
    const scratch_folder folder;
    make_dynamic_disk(folder / "disk.vhd", how_much.disk_bytes, zero_every);
    return {{"ms", milliseconds_of([&] { compact_task(folder / "disk.vhd"); })}};
}

measurements ours_watched(const effort& how_much)
{
    const scratch_folder folder;
    make_dynamic_disk(folder / "disk.vhd", how_much.disk_bytes, zero_every);
    vhd::file_store store(folder / "disk.vhd", vhd::file_access::write);
    space_watch watch(folder);
    vhd::compact_image(store, watch);
    return {{"extra", watch.extra_bytes()}};
}

measurements by_conversion(const effort& how_much)
{
    const scratch_folder folder;
    make_dynamic_disk(folder / "disk.vhd", how_much.disk_bytes, zero_every);
    const std::uint64_t before = folder.space_taken();
    const auto target = folder / "smaller.vhd";
    const double time = milliseconds_of([&] {
        run_command(
            {"qemu-img", "convert", "-f", "vpc", "-O", "vpc", "-o", "force_size=on", folder / "disk.vhd", target});
        flush_file(target);
    });
    return {{"ms", time}, {"extra", static_cast<double>(folder.space_taken() - before)}};
}

measurements ours_full(const effort& how_much)
{
    const scratch_folder folder;
    make_dynamic_disk(folder / "disk.vhd", how_much.disk_bytes, 0);
    return {{"ms", milliseconds_of([&] { compact_task(folder / "disk.vhd"); })}};
}

measurements reading(const effort& how_much)
{
    const scratch_folder folder;
    make_dynamic_disk(folder / "disk.vhd", how_much.disk_bytes, 0);
    return {{"ms", milliseconds_of([&] { run_command({"cat", folder / "disk.vhd"}); })}};
}

} // namespace

group compact()
{
    return {
        {{"compact/ours", "ours", ours},
         {"compact/ours_watched", "ours", ours_watched},
         {"compact/qemu_img", "qemu-img convert -O vpc, fsync", by_conversion},
         {"compact/ours_full", "ours", ours_full},
         {"compact/cat", "cat", reading}},
        {{1, "compact, a quarter of the blocks zero", "ms", {"compact/ours", "ms"}, {"compact/qemu_img", "ms"}, 0.25},
         {2,
          "space needed beyond the image",
          "bytes",
          {"compact/ours_watched", "extra"},
          {"compact/qemu_img", "extra"},
          0,
          true},
         {3, "compact, nothing to free", "ms", {"compact/ours_full", "ms"}, {"compact/cat", "ms"}, 1.3}}};
}

} // namespace vmtask::benchmark
