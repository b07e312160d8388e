// SPDX-License-Identifier: BSL-1.0
//
// Row 9: what the whole process takes at most, with its engine, for the largest
// disk. It is built from nothing but holes, which takes the most of tables and
// plans and the least of time.

#include "disks/make_disk.hpp"
#include "disks/rows.hpp"
#include "disks/scratch.hpp"

#include <vmtask/engine.hpp>
#include <vmtask/vhd/compact.hpp>

#include <sys/resource.h>

namespace vmtask::benchmark {
namespace {

double peak_mebibytes()
{
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_maxrss) / 1024;
}

measurements compacting(const effort&)
{
    const scratch_folder folder;
    make_largest_disk(folder / "disk.vhd", block_order::shuffled);
    engine pool;
    const auto task = vhd::compact(pool, folder / "disk.vhd");
    task.wait_for_completion();
    static_cast<void>(task.result());
    return {{"MiB", peak_mebibytes()}};
}

} // namespace

group peak_memory()
{
    return {{{"memory/compact", "ours", compacting}},
            {{9, "peak memory, compact of 2040 GiB", "MiB", {"memory/compact", "MiB"}, {}, 64, true}}};
}

} // namespace vmtask::benchmark
