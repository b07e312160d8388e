// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "harness/effort.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace vmtask::benchmark {

/// What a contender measured in one round, by name.
using measurements = std::map<std::string, double>;

/// One way to do the work of a row: ours, or a peer's.
struct contender {
    /// Unique, for --run.
    std::string id;
    /// As the table shows it.
    std::string label;
    std::function<measurements(const effort&)> run;
};

/// One of the measurements that a contender makes.
struct quantity {
    std::string contender_id;
    std::string measurement;
};

/// One line of the table.
///
/// The target is the highest good ratio, ours to the peer's, or the highest
/// good value of ours; without a peer always the latter.
struct line {
    int row;
    std::string measure;
    std::string unit;
    quantity ours;
    quantity peer; // its contender_id is empty when there is none
    double target;
    bool target_is_value = false;

    [[nodiscard]] bool has_peer() const noexcept { return !peer.contender_id.empty(); }
    [[nodiscard]] bool is_about_ratio() const noexcept { return has_peer() && !target_is_value; }
};

/// Contenders that run in turn, and the lines made of what they measure.
struct group {
    std::vector<contender> contenders;
    std::vector<line> lines;
};

using plan = std::vector<group>;

} // namespace vmtask::benchmark
