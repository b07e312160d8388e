// SPDX-License-Identifier: BSL-1.0
#include "harness/runner.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iostream>

namespace vmtask::benchmark {
namespace {

/// Many times what the slowest contender takes; only a hanging one spends it.
constexpr std::chrono::seconds patience{300};

bool is_needed(const contender& asked, const std::vector<line>& lines)
{
    return std::any_of(lines.begin(), lines.end(), [&](const line& shown) {
        return shown.ours.contender_id == asked.id || shown.peer.contender_id == asked.id;
    });
}

void run_group(const group& selected, const effort& how_much, std::size_t round, results& collected)
{
    const std::size_t count = selected.contenders.size();
    for (std::size_t turn = 0; turn < count; ++turn) {
        const contender& next = selected.contenders[(round + turn) % count];
        std::clog << "    " << next.id << std::endl;
        outcome result = run_in_child([&] { return next.run(how_much); }, patience);
        if (!result.failed.empty()) std::clog << "    FAILED: " << result.failed << std::endl;
        collected[next.id].push_back(std::move(result));
    }
}

} // namespace

plan select(plan all, const std::set<int>& rows)
{
    plan selected;
    for (group& candidate : all) {
        if (!rows.empty()) std::erase_if(candidate.lines, [&](const line& one) { return !rows.contains(one.row); });
        std::erase_if(candidate.contenders, [&](const contender& one) { return !is_needed(one, candidate.lines); });
        if (!candidate.lines.empty()) selected.push_back(std::move(candidate));
    }
    return selected;
}

results run_rounds(const plan& selected, const effort& how_much, std::size_t rounds)
{
    results collected;
    for (std::size_t round = 0; round < rounds; ++round) {
        std::clog << "round " << round + 1 << " of " << rounds << std::endl;
        for (const group& next : selected) run_group(next, how_much, round, collected);
    }
    return collected;
}

} // namespace vmtask::benchmark
