// SPDX-License-Identifier: BSL-1.0
//
// Row 8: the largest disk opened and checked, beside reading its table.

#include "disks/make_disk.hpp"
#include "disks/rows.hpp"
#include "disks/scratch.hpp"
#include "harness/statistics.hpp"

#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/layout.hpp>

#include <cstddef>
#include <vector>

namespace vmtask::benchmark {
namespace {

constexpr int repetitions = 11;

template <class Work>
double median_milliseconds(Work work)
{
    std::vector<double> times;
    for (int i = 0; i < repetitions; ++i) times.push_back(milliseconds_of(work));
    return median(std::move(times));
}

measurements ours(block_order order)
{
    const scratch_folder folder;
    make_largest_disk(folder / "disk.vhd", order);
    return {{"ms", median_milliseconds([&] {
                 vhd::file_store store(folder / "disk.vhd", vhd::file_access::read);
                 static_cast<void>(vhd::read_layout(store));
             })}};
}

measurements reading_table(const effort&)
{
    const scratch_folder folder;
    make_largest_disk(folder / "disk.vhd", block_order::as_in_the_table);
    vhd::file_store checked(folder / "disk.vhd", vhd::file_access::read);
    const vhd::layout known = vhd::read_layout(checked);
    const std::uint64_t begin = known.header.table_offset;
    return {{"ms", median_milliseconds([&] {
                 vhd::file_store store(folder / "disk.vhd", vhd::file_access::read);
                 std::vector<std::byte> table(known.end_of_table() - begin);
                 store.read(begin, table);
             })}};
}

} // namespace

group open_and_check()
{
    const quantity table{"open/table", "ms"};
    return {{{"open/ours", "ours", [](const effort&) { return ours(block_order::as_in_the_table); }},
             {"open/ours_shuffled", "ours", [](const effort&) { return ours(block_order::shuffled); }},
             {"open/table", "reading the table", reading_table}},
            {{8, "open and check, 2040 GiB, all blocks in order", "ms", {"open/ours", "ms"}, table, 10},
             {8, "open and check, 2040 GiB, all blocks shuffled", "ms", {"open/ours_shuffled", "ms"}, table, 10}}};
}

} // namespace vmtask::benchmark
