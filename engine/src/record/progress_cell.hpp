// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>

namespace vmtask::detail {

/// The numbers of a task's progress: written by its body at any rate, read by
/// anybody without a lock, always as one consistent set.
///
/// A sequence lock: readers retry while a report is being written. Reports
/// made by several threads at once take turns.
class progress_cell {
public:
    struct numbers {
        double fraction;
        std::uint64_t done;
        std::uint64_t total;
    };

    void report(double fraction) noexcept;
    void report(std::uint64_t done, std::uint64_t total) noexcept;
    /// The same with a fraction that says something else: what that is of the
    /// whole.
    void report(double fraction, std::uint64_t done, std::uint64_t total) noexcept;
    /// Reports a fraction and leaves the other numbers as they are.
    void raise(double fraction) noexcept;

    [[nodiscard]] numbers read() const noexcept;
    /// The highest fraction ever reported, without the other numbers.
    [[nodiscard]] double fraction() const noexcept { return fraction_.load(std::memory_order_relaxed); }

private:
    void write(double fraction, std::uint64_t done, std::uint64_t total) noexcept;
    [[nodiscard]] std::uint32_t begin_writing() noexcept;

    std::atomic<double> fraction_{0}; // never falls
    std::atomic<std::uint64_t> done_{0};
    std::atomic<std::uint64_t> total_{0};
    std::atomic<std::uint32_t> version_{0}; // odd while a report is being written
};

} // namespace vmtask::detail
