// SPDX-License-Identifier: BSL-1.0
#include "harness/verdict.hpp"

#include <algorithm>

namespace vmtask::benchmark {
namespace {

/// The values of all rounds; notes in the verdict why one is missing.
std::vector<double> values_of(const quantity& wanted, const results& collected, verdict& given)
{
    std::vector<double> values;
    for (const outcome& round : collected.at(wanted.contender_id)) {
        const auto found = round.values.find(wanted.measurement);
        if (!round.failed.empty()) {
            given.failed = true;
            given.unmeasured = "failed: " + round.failed;
        } else if (!round.skipped.empty()) {
            given.unmeasured = "not measured: " + round.skipped;
        } else if (found == round.values.end()) {
            given.failed = true;
            given.unmeasured = "failed: " + wanted.contender_id + " has no " + wanted.measurement;
        } else {
            values.push_back(found->second);
        }
    }
    return values;
}

const std::string& label_of(const std::string& contender_id, const group& among)
{
    const auto found = std::find_if(among.contenders.begin(), among.contenders.end(),
                                    [&](const contender& one) { return one.id == contender_id; });
    return found->label;
}

verdict judge_line(const line& asked, const group& of, const results& collected)
{
    verdict given;
    given.asked = asked;
    given.ours_label = label_of(asked.ours.contender_id, of);
    given.ours = values_of(asked.ours, collected, given);
    if (asked.has_peer()) {
        given.peer_label = label_of(asked.peer.contender_id, of);
        given.peers = values_of(asked.peer, collected, given);
    }
    if (!given.is_measured()) return given;
    if (asked.is_about_ratio()) given.ratio_to_peer = compare(given.ours, given.peers);
    const double achieved = given.ratio_to_peer ? given.ratio_to_peer->of_medians : median(given.ours);
    given.met = achieved <= asked.target;
    return given;
}

} // namespace

std::vector<verdict> judge(const plan& selected, const results& collected)
{
    std::vector<verdict> verdicts;
    for (const group& of : selected) {
        for (const line& asked : of.lines) verdicts.push_back(judge_line(asked, of, collected));
    }
    std::stable_sort(verdicts.begin(), verdicts.end(),
                     [](const verdict& left, const verdict& right) { return left.asked.row < right.asked.row; });
    return verdicts;
}

} // namespace vmtask::benchmark
