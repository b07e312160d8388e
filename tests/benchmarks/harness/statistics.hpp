// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>
#include <vector>

namespace vmtask::benchmark {

/// The value below which `fraction` of the samples lie, interpolated between
/// two. Precondition: there is a sample.
[[nodiscard]] double quantile(std::vector<double> samples, double fraction);

[[nodiscard]] inline double median(std::vector<double> samples)
{
    return quantile(std::move(samples), 0.5);
}

/// How ours compares with a peer's over all rounds.
struct ratio {
    /// Of the medians.
    double of_medians;
    /// Of the single rounds, in which both ran next to each other: the
    /// quartiles, and so what half of the rounds lie between.
    double low;
    double high;
};

/// Precondition: as many of the one as of the other, and at least one.
[[nodiscard]] ratio compare(const std::vector<double>& ours, const std::vector<double>& peers);

} // namespace vmtask::benchmark
