// SPDX-License-Identifier: BSL-1.0
#include "harness/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace vmtask::benchmark {

double quantile(std::vector<double> samples, double fraction)
{
    std::sort(samples.begin(), samples.end());
    const double place = fraction * static_cast<double>(samples.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, samples.size() - 1);
    return std::lerp(samples[below], samples[above], place - static_cast<double>(below));
}

ratio compare(const std::vector<double>& ours, const std::vector<double>& peers)
{
    std::vector<double> rounds;
    rounds.reserve(ours.size());
    for (std::size_t i = 0; i < ours.size(); ++i) rounds.push_back(ours[i] / peers[i]);
    return {median(ours) / median(peers), quantile(rounds, 0.25), quantile(rounds, 0.75)};
}

} // namespace vmtask::benchmark
