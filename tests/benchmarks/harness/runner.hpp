// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "harness/child.hpp"
#include "harness/plan.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace vmtask::benchmark {

/// How all the rounds of each contender came out, by its id.
using results = std::map<std::string, std::vector<outcome>>;

/// Leaves the lines of these rows and the contenders that they need; all when
/// `rows` is empty.
[[nodiscard]] plan select(plan all, const std::set<int>& rows);

/// Runs the contenders of a group one after another, group by group, and all
/// of that again in each round. Who begins changes from round to round.
[[nodiscard]] results run_rounds(const plan& selected, const effort& how_much, std::size_t rounds);

} // namespace vmtask::benchmark
