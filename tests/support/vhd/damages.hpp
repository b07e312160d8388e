// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/check_image.hpp>

#include "support/vhd/memory_store.hpp"

#include <functional>
#include <set>
#include <vector>

namespace vmtask::test {

/// What is done to a disk, what is found then, and whether repair mends all of it.
struct damage {
    const char* name;
    std::function<void(memory_store&)> inflict;
    std::set<vhd::defect> found;
    bool is_mended;
};

/// To a dynamic disk without parent that has four of six blocks, of any size.
[[nodiscard]] std::vector<damage> damages_of_dynamic_disk();

} // namespace vmtask::test
