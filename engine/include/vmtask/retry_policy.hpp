// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <functional>
#include <system_error>

namespace vmtask {

/// When a task that has failed is begun anew, and how often.
///
/// Between two attempts the task is queued again. It occupies no worker and,
/// once its parts have ended, no place in its lane, and it keeps what it has
/// claimed. The body is called once for each attempt, and destroyed after the
/// last; it must leave things so that it can be called again.
struct retry_policy {
    /// Attempts at most, the first included. 1 or less never repeats.
    int attempts = 3;
    /// How long to wait before the second attempt. Zero or less does not wait.
    std::chrono::steady_clock::duration first_delay = std::chrono::seconds(1);
    /// By what each further delay is longer than the one before. Less than 1
    /// counts as 1.
    double growth = 2;
    /// The longest delay, before it is varied.
    std::chrono::steady_clock::duration longest_delay = std::chrono::minutes(1);
    /// By which part of itself a delay is varied at random, up or down, so that
    /// tasks that failed together do not come back together. 0 to 1.
    double jitter = 0.2;
    /// Whether an error is worth another attempt. Called on the thread on which
    /// the body ended; what it throws counts as no. Empty: every error is.
    std::function<bool(std::error_code)> repeat_on{};
};

} // namespace vmtask
