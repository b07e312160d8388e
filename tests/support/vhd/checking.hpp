// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/check_image.hpp>

#include "support/catch.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/memory_store.hpp"
#include "support/vhd/recording_monitor.hpp"

#include <cstdint>
#include <set>
#include <string>

namespace vmtask::test {

inline vhd::check_report check(vhd::byte_store& store)
{
    recording_monitor monitor;
    auto report = vhd::check_image(store, monitor);
    CHECK_FALSE(monitor.fell_or_changed);
    return report;
}

inline vhd::check_report repair(vhd::byte_store& store)
{
    recording_monitor monitor;
    return vhd::repair_image(store, monitor);
}

inline std::set<vhd::defect> defects_in(const vhd::check_report& report)
{
    std::set<vhd::defect> found;
    for (const vhd::finding& one : report.findings) found.insert(one.what);
    return found;
}

inline std::string names_of(const vhd::check_report& report)
{
    std::string names;
    for (const vhd::finding& one : report.findings)
        names += std::string(to_string(one.what)) + (one.is_mended ? "(mended) " : " ");
    return names;
}

/// Which of these a disk may be found with although nobody did anything to it.
inline bool is_remark(vhd::defect what)
{
    return what == vhd::defect::unusual_block_size || what == vhd::defect::unaligned_blocks
        || what == vhd::defect::lost_space || what == vhd::defect::lost_space_at_end;
}

/// Six usual blocks, of which four have a place, in the order 2, 0, 5, 3.
[[nodiscard]] inline memory_store make_usual_disk()
{
    memory_store store = make_disk(6 * (512U << 10), 512U << 10);
    fill_blocks(store, {2, 0, 5, 3});
    return store;
}

/// Where its footer is.
[[nodiscard]] inline std::uint64_t trailing(vhd::byte_store& store)
{
    return store.size() - vhd::sector_size;
}

} // namespace vmtask::test
