// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "harness/plan.hpp"
#include "harness/runner.hpp"
#include "harness/statistics.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vmtask::benchmark {

/// What a line of the table says after all rounds.
struct verdict {
    line asked;
    std::string ours_label;
    std::string peer_label;
    std::vector<double> ours;
    std::vector<double> peers;
    std::optional<ratio> ratio_to_peer; // where the target is one
    bool met = false;
    std::string unmeasured; // why there is no result
    bool failed = false;    // a contender did not get to its end

    [[nodiscard]] bool is_measured() const noexcept { return unmeasured.empty(); }
};

/// One for each line, in order of rows.
[[nodiscard]] std::vector<verdict> judge(const plan& selected, const results& collected);

} // namespace vmtask::benchmark
