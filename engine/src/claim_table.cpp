// SPDX-License-Identifier: BSL-1.0
#include "claim_table.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace vmtask::detail {
namespace {

/// By name; of several claims to one resource the exclusive one is left.
std::vector<resource_claim> in_order(std::vector<resource_claim> wanted)
{
    std::sort(wanted.begin(), wanted.end(), [](const resource_claim& left, const resource_claim& right) {
        return std::tie(left.resource, left.mode) < std::tie(right.resource, right.mode);
    });
    const auto same = [](const resource_claim& left, const resource_claim& right) {
        return left.resource == right.resource;
    };
    static_assert(claim_mode::exclusive < claim_mode::shared, "the first of equal names is left");
    wanted.erase(std::unique(wanted.begin(), wanted.end(), same), wanted.end());
    return wanted;
}

} // namespace

claim_set::claim_set(std::vector<resource_claim> wanted)
{
    if (wanted.size() > 1) wanted = in_order(std::move(wanted));
    if (wanted.size() > 1) several_ = std::make_unique<claim[]>(wanted.size());
    claims_ = {several_ ? several_.get() : &only_, wanted.size()};
    for (std::size_t index = 0; index < wanted.size(); ++index) set(claims_[index], std::move(wanted[index]));
}

void claim_set::set(claim& own, resource_claim&& wanted) noexcept
{
    static_cast<resource_claim&>(own) = std::move(wanted);
    own.hash = claim_lines::hash_of(own.resource);
    own.owner = this;
}

bool claim_set::same_as(const claim_set& other) const noexcept
{
    return std::equal(claims_.begin(), claims_.end(), other.claims_.begin(), other.claims_.end(),
                      [](const resource_claim& left, const resource_claim& right) {
                          return left.resource == right.resource && left.mode == right.mode;
                      });
}

bool claim_set::is_within(const claim_set& other) const noexcept
{
    for (const claim_set* outer = parent; outer; outer = outer->parent)
        if (outer == &other) return true;
    return false;
}

void claim_table::prepare(claim_set& entering)
{
    std::size_t prepared = 0;
    try {
        for (claim& added : entering.claims_) {
            added.line = &lines_.find_or_add(added.resource, added.hash);
            ++added.line->users;
            expect(added);
            ++prepared;
        }
    } catch (...) {
        for (claim& added : entering.claims_.first(prepared)) {
            expect_no_more(added);
            if (--added.line->users == 0) lines_.remove(*added.line);
        }
        throw;
    }
    entering.prepared_ = true;
}

bool claim_table::enter(claim_set& entering) noexcept
{
    entering.ticket_ = entering.parent && entering.parent->entered_ ? entering.parent->ticket_ : ++tickets_;
    entering.missing_ = entering.claims_.size();
    entering.entered_ = true;
    for (claim& added : entering.claims_) {
        expect_no_more(added);
        put_in(added);
    }
    for (claim& added : entering.claims_) {
        if (added.next) withdraw_overtaken(*added.line);
        added.is_due = nobody_in_the_way(added);
        if (added.is_due) --entering.missing_;
    }
    return entering.missing_ == 0;
}

bool claim_table::is_in_the_way(const claim& before, const claim& wanted) noexcept
{
    const bool both_shared = before.mode == claim_mode::shared && wanted.mode == claim_mode::shared;
    return !both_shared && !wanted.owner->is_within(*before.owner);
}

bool claim_table::nobody_in_the_way(const claim& wanted) noexcept
{
    const claim* const last = wanted.previous;
    const bool both_shared = last && last->mode == claim_mode::shared && wanted.mode == claim_mode::shared;
    // What is in the way of the one before is in the way of this one, too: with
    // thousands in a line nobody has to look at them all.
    if (both_shared && !last->owner->parent && !wanted.owner->parent) return last->is_due;
    for (const claim* before = wanted.previous; before; before = before->previous)
        if (is_in_the_way(*before, wanted)) return false;
    return true;
}

void claim_table::expect(claim& coming) noexcept
{
    coming.previous = nullptr;
    coming.next = std::exchange(coming.line->coming, &coming);
    if (coming.next) coming.next->previous = &coming;
}

void claim_table::expect_no_more(claim& coming) noexcept
{
    (coming.previous ? coming.previous->next : coming.line->coming) = coming.next;
    if (coming.next) coming.next->previous = coming.previous;
}

void claim_table::put_in(claim& entering) noexcept
{
    claim_line& line = *entering.line;
    claim* before = line.last;
    while (before && !before->owner->is_granted() && before->owner->ticket_ > entering.owner->ticket_)
        before = before->previous;
    entering.is_due = false;
    entering.previous = before;
    entering.next = before ? before->next : line.first;
    (before ? before->next : line.first) = &entering;
    (entering.next ? entering.next->previous : line.last) = &entering;
    if (entering.owner->parent) ++line.parts;
}

void claim_table::take_out(claim& leaving) noexcept
{
    claim_line& line = *leaving.line;
    (leaving.previous ? leaving.previous->next : line.first) = leaving.next;
    (leaving.next ? leaving.next->previous : line.last) = leaving.previous;
    if (leaving.owner->parent) --line.parts;
}

/// Those who wait, and whose turn in this line it would have been, until a part
/// of a larger task came before them.
void claim_table::withdraw_overtaken(claim_line& line) noexcept
{
    for (claim* each = line.first; each; each = each->next) {
        if (!each->is_due || each->owner->is_granted() || nobody_in_the_way(*each)) continue;
        each->is_due = false;
        ++each->owner->missing_;
    }
}

const claim* claim_table::obstacle(const claim_set& waiting) const noexcept
{
    const claim* found = nullptr;
    for_each_obstacle(waiting, [&](const claim& each) {
        if (!found) found = &each;
    });
    return found;
}

} // namespace vmtask::detail
