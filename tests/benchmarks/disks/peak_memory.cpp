// SPDX-License-Identifier: BSL-1.0
//
// Row 9: what the whole process takes at most, with its engine, for the largest
// disk. It is built from nothing but holes, which takes the most of tables and
// plans and the least of time.

#include "disks/make_disk.hpp"
#include "disks/rows.hpp"
#include "disks/scratch.hpp"
#include "rows/await_end.hpp"

#include <vmtask/engine.hpp>
#include <vmtask/vhd/compact.hpp>
#include <vmtask/vhd/convert.hpp>
#include <vmtask/vhd/create_child_file.hpp>
#include <vmtask/vhd/merge.hpp>

#include <string>

#include <sys/resource.h>

namespace vmtask::benchmark {
namespace {

double peak_mebibytes()
{
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_maxrss) / 1024;
}

/// `begin(engine, folder)` posts the task, on the largest disk.
template <class Begin>
measurements peak_of(Begin begin)
{
    const scratch_folder folder;
    make_largest_disk(folder / "disk.vhd", block_order::shuffled);
    engine pool;
    const auto task = begin(pool, folder);
    await_end(task);
    static_cast<void>(task.result());
    return {{"MiB", peak_mebibytes()}};
}

measurements compacting(const effort&)
{
    return peak_of([](engine& pool, const scratch_folder& folder) { return vhd::compact(pool, folder / "disk.vhd"); });
}

measurements converting(const effort&)
{
    return peak_of([](engine& pool, const scratch_folder& folder) {
        return vhd::convert(pool, folder / "disk.vhd", folder / "target.vhd",
                            {.target = {.format = vhd::image_format::dynamic}});
    });
}

measurements merging(const effort&)
{
    return peak_of([](engine& pool, const scratch_folder& folder) {
        vhd::create_child_file(folder / "child.vhd", folder / "disk.vhd");
        return vhd::merge(pool, folder / "child.vhd");
    });
}

measurements converting_full(const effort& how_much)
{
    const scratch_folder folder;
    make_dynamic_disk(folder / "disk.vhd", full_disk(how_much));
    engine pool;
    const auto task = vhd::convert(pool, folder / "disk.vhd", folder / "target.vhd",
                                   {.target = {.format = vhd::image_format::fixed}});
    await_end(task);
    static_cast<void>(task.result());
    return {{"MiB", peak_mebibytes()}};
}

} // namespace

group peak_memory()
{
    const auto line_of = [](const char* what, const char* contender) {
        return line{9, std::string("peak memory, ") + what, "MiB", {contender, "MiB"}, {}, 64, true};
    };
    return {{{"memory/compact", "ours", compacting},
             {"memory/convert", "ours", converting},
             {"memory/convert_full", "ours", converting_full},
             {"memory/merge", "ours", merging}},
            {line_of("compact of 2040 GiB", "memory/compact"), line_of("convert of 2040 GiB", "memory/convert"),
             line_of("convert of a full disk", "memory/convert_full"), line_of("merge into 2040 GiB", "memory/merge")}};
}

} // namespace vmtask::benchmark
