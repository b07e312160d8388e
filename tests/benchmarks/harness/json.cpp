// SPDX-License-Identifier: BSL-1.0
#include "harness/report.hpp"

#include <nlohmann/json.hpp>

#include <ostream>

namespace vmtask::benchmark {
namespace {

using json = nlohmann::ordered_json;

json to_json(const std::string& label, const std::vector<double>& samples)
{
    json side;
    side["label"] = label;
    side["samples"] = samples;
    if (!samples.empty()) side["median"] = median(samples);
    return side;
}

json to_json(const verdict& shown)
{
    json written;
    written["row"] = shown.asked.row;
    written["measure"] = shown.asked.measure;
    written["unit"] = shown.asked.unit;
    written["ours"] = to_json(shown.ours_label, shown.ours);
    if (shown.asked.has_peer()) written["peer"] = to_json(shown.peer_label, shown.peers);
    if (shown.ratio_to_peer) {
        written["ratio"] = shown.ratio_to_peer->of_medians;
        written["ratio_quartiles"] = {shown.ratio_to_peer->low, shown.ratio_to_peer->high};
    }
    written["target"] = shown.asked.target;
    if (shown.is_measured()) written["met"] = shown.met;
    else written["unmeasured"] = shown.unmeasured;
    return written;
}

} // namespace

void write_json(std::ostream& out, const report& told)
{
    json written;
    for (const auto& [name, value] : told.surroundings) written["surroundings"][name] = value;
    written["rounds"] = told.rounds;
    written["lines"] = json::array();
    for (const verdict& shown : told.verdicts) written["lines"].push_back(to_json(shown));
    out << written.dump(2) << '\n';
}

} // namespace vmtask::benchmark
