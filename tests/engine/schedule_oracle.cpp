// SPDX-License-Identifier: BSL-1.0
#include "schedule_oracle.hpp"

#include <algorithm>
#include <set>

namespace vmtask::test {
namespace {

std::size_t index_of(const std::string& lane)
{
    const auto found =
        std::find_if(schedule_lanes.begin(), schedule_lanes.end(), [&](const auto& each) { return each.name == lane; });
    return static_cast<std::size_t>(found - schedule_lanes.begin());
}

/// For people who look at two that overlap.
std::string told(const schedule_member& member)
{
    std::string text = "#" + std::to_string(member.number) + " [";
    for (const resource_claim& each : member.claims)
        text += (text.back() == '[' ? "" : " ") + each.resource + (each.mode == claim_mode::exclusive ? "!" : "");
    text += "]";
    if (!member.lane.empty()) text += " lane " + member.lane;
    if (member.whole) text += " part of #" + std::to_string(member.whole->number);
    return text;
}

} // namespace

bool schedule_member::is_within(const schedule_member& other) const noexcept
{
    for (const schedule_member* outer = whole.get(); outer; outer = outer->whole.get())
        if (outer == &other) return true;
    return false;
}

const schedule_member& schedule_member::place() const noexcept
{
    const schedule_member* found = this;
    for (const schedule_member* outer = whole.get(); outer; outer = outer->whole.get())
        if (outer->lane == lane) found = outer;
    return *found;
}

void schedule_oracle::enter(const schedule_member& entering)
{
    const std::lock_guard lock(mutex_);
    for (const schedule_member* other : present_)
        if (conflict(*other, entering)) findings_.push_back(told(*other) + " and " + told(entering) + " overlap");
    present_.push_back(&entering);
    if (!entering.lane.empty()) check_lane_locked(entering.lane);
}

void schedule_oracle::leave(const schedule_member& leaving)
{
    const std::lock_guard lock(mutex_);
    present_.erase(std::find(present_.begin(), present_.end(), &leaving));
}

void schedule_oracle::expect_limit(const std::string& lane, std::size_t limit)
{
    const std::lock_guard lock(mutex_);
    lane_bound& bound = bounds_[index_of(lane)];
    bound.highest = std::max(bound.highest, limit);
    if (limit == 0) bound.is_bounded = false;
}

void schedule_oracle::require(bool holds, const std::string& otherwise)
{
    if (holds) return;
    const std::lock_guard lock(mutex_);
    findings_.push_back(otherwise);
}

std::vector<std::string> schedule_oracle::findings() const
{
    const std::lock_guard lock(mutex_);
    return findings_;
}

/// Only a whole and what is within it may use the same at the same time.
bool schedule_oracle::conflict(const schedule_member& left, const schedule_member& right)
{
    if (left.is_within(right) || right.is_within(left)) return false;
    for (const auto& mine : left.claims)
        for (const auto& theirs : right.claims)
            if (mine.resource == theirs.resource
                && (mine.mode == claim_mode::exclusive || theirs.mode == claim_mode::exclusive))
                return true;
    return false;
}

void schedule_oracle::check_lane_locked(const std::string& name)
{
    std::set<const schedule_member*> places;
    for (const schedule_member* each : present_)
        if (each->lane == name) places.insert(&each->place());
    const lane_bound& bound = bounds_[index_of(name)];
    if (bound.is_bounded && places.size() > bound.highest) findings_.push_back("too many tasks in lane " + name);
}

} // namespace vmtask::test
