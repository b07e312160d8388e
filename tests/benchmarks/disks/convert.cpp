// SPDX-License-Identifier: BSL-1.0
//
// Row 5: a disk full of data in another format, durable, beside QEMU's program.

#include "disks/make_disk.hpp"
#include "disks/rows.hpp"
#include "disks/scratch.hpp"

#include <vmtask/engine.hpp>
#include <vmtask/vhd/convert.hpp>

#include <string>

namespace vmtask::benchmark {
namespace {

/// Where it comes from, and what it is to be.
struct conversion {
    vhd::convert_options options;
    void (*make_source)(const std::filesystem::path&, std::uint64_t);
    std::string source_format; // as QEMU calls it
    std::string target_options;
};

conversion dynamic_to_fixed()
{
    return {{.target = {.format = vhd::image_format::fixed}},
            [](const std::filesystem::path& path, std::uint64_t size) { make_dynamic_disk(path, size, 0); },
            "vpc",
            "force_size=on,subformat=fixed"};
}

conversion raw_to_dynamic()
{
    return {
        {.target = {.format = vhd::image_format::dynamic}, .from_raw = true}, make_raw_disk, "raw", "force_size=on"};
}

measurements ours(const conversion& wanted, const effort& how_much)
{
    const scratch_folder folder;
    wanted.make_source(folder / "source", how_much.disk_bytes);
    return {{"ms", milliseconds_of([&] {
                 engine pool({.workers = 1});
                 const auto task = vhd::convert(pool, folder / "source", folder / "target", wanted.options);
                 task.wait_for_completion();
                 static_cast<void>(task.result());
             })}};
}

measurements by_qemu(const conversion& wanted, const effort& how_much)
{
    const scratch_folder folder;
    wanted.make_source(folder / "source", how_much.disk_bytes);
    return {{"ms", milliseconds_of([&] {
                 run_command({"qemu-img", "convert", "-f", wanted.source_format, "-O", "vpc", "-o",
                              wanted.target_options, folder / "source", folder / "target"});
                 flush_file(folder / "target");
             })}};
}

} // namespace

group convert()
{
    const std::string qemu = "qemu-img convert, fsync";
    return {{{"convert/ours_fixed", "ours", [](const effort& e) { return ours(dynamic_to_fixed(), e); }},
             {"convert/qemu_fixed", qemu, [](const effort& e) { return by_qemu(dynamic_to_fixed(), e); }},
             {"convert/ours_dynamic", "ours", [](const effort& e) { return ours(raw_to_dynamic(), e); }},
             {"convert/qemu_dynamic", qemu, [](const effort& e) { return by_qemu(raw_to_dynamic(), e); }}},
            {{5, "convert dynamic to fixed", "ms", {"convert/ours_fixed", "ms"}, {"convert/qemu_fixed", "ms"}, 0.7},
             {5, "convert raw to dynamic", "ms", {"convert/ours_dynamic", "ms"}, {"convert/qemu_dynamic", "ms"}, 0.7}}};
}

} // namespace vmtask::benchmark
