// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "harness/plan.hpp"
#include "harness/statistics.hpp"
#include "harness/stopwatch.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace vmtask::benchmark {

/// What one of `count` costs: "each", in nanoseconds. `run(n)` does n of them
/// and returns the time it took. A batch of the same size goes before: what
/// counts is a program that has been running for a while, not how the system
/// gives out memory for the first time.
template <class Run>
[[nodiscard]] measurements measure_batch(std::size_t count, Run run)
{
    static_cast<void>(run(count));
    return {{"each", run(count) / static_cast<double>(count)}};
}

/// What doing it one at a time takes: "median" and "p99", in microseconds.
template <class Once>
[[nodiscard]] measurements measure_one_by_one(std::size_t count, Once once)
{
    for (std::size_t i = 0; i < count / 10 + 1; ++i) once();
    std::vector<double> times;
    times.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const stopwatch time;
        once();
        times.push_back(time.nanoseconds() / 1000);
    }
    return {{"median", median(times)}, {"p99", quantile(std::move(times), 0.99)}};
}

} // namespace vmtask::benchmark
