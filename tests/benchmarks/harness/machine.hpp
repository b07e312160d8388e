// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace vmtask::benchmark {

/// What the results depend on beside the code: the machine, how busy it is,
/// and the versions of everything. Names and values, to be shown in order.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> describe_surroundings();

} // namespace vmtask::benchmark
