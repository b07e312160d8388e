// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace vmtask::test {

/// Makes a dynamic disk of 16 blocks of 512 KiB: of the first 12, each third
/// holds data and the others were written with zeros; 4 were never touched.
/// Compacting it frees 8 blocks and moves some.
void make_worn_disk(const std::string& path);

/// All that the guest sees.
[[nodiscard]] std::vector<std::byte> guest_data(const std::string& path);

} // namespace vmtask::test
