// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/metrics.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace vmtask::detail {

/// Counts durations by their logarithm: two additions for each, and of short
/// ones in one cache line.
///
/// Thread safety: none.
class duration_counter {
public:
    using duration = duration_histogram::duration;

    void add(duration added) noexcept
    {
        added = std::max(added, duration::zero());
        sum_ += added;
        ++counts_[bucket_of(added)];
    }

    [[nodiscard]] duration_histogram read() const noexcept
    {
        duration_histogram histogram;
        std::copy_n(counts_.begin(), histogram.buckets.size(), histogram.buckets.begin());
        histogram.count = std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
        histogram.sum = sum_;
        return histogram;
    }

private:
    [[nodiscard]] static std::size_t bucket_of(duration counted) noexcept
    {
        const auto full = static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(counted).count());
        const auto bucket = static_cast<std::size_t>(full <= 1 ? 0 : std::bit_width(full - 1));
        return std::min(bucket, duration_histogram::bucket_count);
    }

    duration sum_{};
    std::array<std::uint64_t, duration_histogram::bucket_count + 1> counts_{};
};

} // namespace vmtask::detail
