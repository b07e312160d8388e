// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "harness/plan.hpp"

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>

namespace vmtask::benchmark {

/// Thrown by a contender that cannot measure on this machine; says why.
class not_measurable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// How one run of a contender came out.
struct outcome {
    measurements values;
    std::string skipped; // why it could not be measured
    std::string failed;  // what went wrong
};

/// Runs it in a child process of its own, so that every sample starts with a
/// fresh heap and no threads, and a crash or a hang costs one sample only.
///
/// Precondition: the calling process has one thread.
[[nodiscard]] outcome run_in_child(const std::function<measurements()>& run, std::chrono::seconds limit);

} // namespace vmtask::benchmark
