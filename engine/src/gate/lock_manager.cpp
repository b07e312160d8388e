// SPDX-License-Identifier: BSL-1.0
#include "gate/lock_manager.hpp"

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
    own.hash = lock_lines::hash_of(own.resource);
    own.owner = this;
}

bool claim_set::same_as(const claim_set& other) const noexcept
{
    return std::equal(claims_.begin(), claims_.end(), other.claims_.begin(), other.claims_.end(),
                      [](const resource_claim& left, const resource_claim& right) {
                          return left.resource == right.resource && left.mode == right.mode;
                      });
}

void claim_set::set_parent(claim_set* parent) noexcept
{
    parent_ = parent;
    depth_ = parent ? parent->depth_ + 1 : 0;
}

/// One who is in, or has parts that are, is present with his parent.
void claim_set::note_presence(claim_set* added) noexcept
{
    while (added && added->present_++ == 0) added = added->parent_;
}

void claim_set::note_absence(claim_set* removed) noexcept
{
    while (removed && --removed->present_ == 0) removed = removed->parent_;
}

bool claim_set::is_within(const claim_set& other) const noexcept
{
    if (depth_ <= other.depth_) return false;
    const claim_set* outer = this;
    while (outer->depth_ > other.depth_) outer = outer->parent_;
    return outer == &other;
}

/// Both have entered, or are about to.
bool claim_set::comes_before(const claim_set& other) const noexcept
{
    const claim_set* left = this;
    const claim_set* right = &other;
    while (left->leaders_ > right->leaders_) left = left->leader_;
    while (right->leaders_ > left->leaders_) right = right->leader_;
    if (left == right) return leaders_ < other.leaders_; // one leads the other
    while (left->leader_ != right->leader_) {
        left = left->leader_;
        right = right->leader_;
    }
    return left->ticket_ < right->ticket_;
}

// --- Lists ---

void lock_manager::insert_after(claim_list& list, claim* before, claim& added) noexcept
{
    added.previous = before;
    added.next = before ? before->next : list.first;
    (before ? before->next : list.first) = &added;
    (added.next ? added.next->previous : list.last) = &added;
}

void lock_manager::remove(claim_list& list, claim& removed) noexcept
{
    (removed.previous ? removed.previous->next : list.first) = removed.next;
    (removed.next ? removed.next->previous : list.last) = removed.previous;
}

// --- Coming and going ---

void lock_manager::prepare(claim_set& entering)
{
    std::size_t prepared = 0;
    try {
        for (claim& added : entering.claims_) {
            added.line = &lines_.find_or_add(added.resource, added.hash);
            ++added.line->user_count;
            push_back(added.line->coming, added);
            ++prepared;
        }
    } catch (...) {
        for (claim& added : entering.claims_.first(prepared)) {
            remove(added.line->coming, added);
            if (--added.line->user_count == 0) lines_.remove(*added.line);
        }
        throw;
    }
    entering.place_ = claim_set::place::coming;
    claim_set::note_presence(&entering);
}

/// Right after its whole, if that one has entered before it: else somebody could be
/// between the two who waits for the whole.
void lock_manager::assign_place(claim_set& entering, std::uint64_t ticket) noexcept
{
    entering.ticket_ = ticket;
    const claim_set* const parent = entering.parent_;
    entering.leader_ = parent && parent->is_entered() ? parent : nullptr;
    entering.leaders_ = entering.leader_ ? parent->leaders_ + 1 : 0;
}

void lock_manager::put_in(claim& entering) noexcept
{
    claim_line& line = *entering.line;
    insert_after(line.waiters, last_before(entering), entering);
    if (!entering.owner->parent_) return;
    ++line.part_count;
    line.latest_part = &entering;
}

/// The last of those who wait that this one comes after; null for none.
claim* lock_manager::last_before(const claim& entering) noexcept
{
    const claim_line& line = *entering.line;
    const claim_set& owner = *entering.owner;
    claim* before = owner.leader_ && line.latest_part ? line.latest_part : line.waiters.last;
    while (before && owner.comes_before(*before->owner)) before = before->previous;
    for (claim* next = before ? before->next : line.waiters.first; next && next->owner->comes_before(owner);
         next = next->next)
        before = next;
    return before;
}

void lock_manager::become_holder(claim_set& due) noexcept
{
    due.place_ = claim_set::place::holding;
    for (claim& held : due.claims_) {
        claim_line& line = *held.line;
        if (line.latest_part == &held) line.latest_part = held.previous;
        remove(line.waiters, held);
        push_back(line.holders, held);
        ++line.holder_count;
        if (held.is_exclusive()) ++line.exclusive_holder_count;
    }
    if (!due.has_parts()) return;
    // Its parts that wait already need not wait for those any more who wait for it.
    for (const claim& held : due.claims_) find_due(*held.line);
}

void lock_manager::leave(claim_set& leaving) noexcept
{
    const auto place = std::exchange(leaving.place_, claim_set::place::outside);
    if (place == claim_set::place::outside) return;
    claim_set::note_absence(&leaving);
    for (claim& left : leaving.claims_) take_out(left, place);
    for (claim& left : leaving.claims_) {
        if (--left.line->user_count == 0) lines_.remove(*left.line);
        else if (place != claim_set::place::coming) find_due(*left.line);
    }
}

claim_set* lock_manager::pop_due() noexcept
{
    while (claim_set* const popped = first_due_) {
        first_due_ = popped->next_due_;
        if (!first_due_) last_due_ = nullptr;
        popped->is_in_due_list_ = false;
        if (popped->is_due()) return popped;
    }
    return nullptr;
}

void lock_manager::take_out(claim& leaving, claim_set::place from) noexcept
{
    claim_line& line = *leaving.line;
    if (from == claim_set::place::coming) return remove(line.coming, leaving);
    if (leaving.owner->parent_) --line.part_count;
    if (from == claim_set::place::waiting) {
        if (line.latest_part == &leaving) line.latest_part = leaving.previous;
        return remove(line.waiters, leaving);
    }
    remove(line.holders, leaving);
    --line.holder_count;
    if (leaving.is_exclusive()) --line.exclusive_holder_count;
}

// --- Who is in the way ---

bool lock_manager::waits_for_a_whole(const claim& waiting, const claim& wanted) noexcept
{
    for (const claim_set* outer = wanted.owner->parent_; outer; outer = outer->parent_) {
        if (!outer->is_held()) continue;
        for (const claim& own : outer->claims_)
            if (own.line == wanted.line && is_in_the_way(own, waiting)) return true;
    }
    return false;
}

/// By counting: with thousands of holders nobody has to look at them all.
bool lock_manager::is_held_by_others(const claim& wanted) noexcept
{
    const claim_line& line = *wanted.line;
    std::size_t others = wanted.is_exclusive() ? line.holder_count : line.exclusive_holder_count;
    for (const claim_set* outer = wanted.owner->parent_; outer && others > 0; outer = outer->parent_) {
        if (!outer->is_held()) continue;
        for (const claim& own : outer->claims_)
            if (own.line == &line && conflict(own, wanted)) --others;
    }
    return others > 0;
}

bool lock_manager::nothing_in_the_way(const claim& wanted) noexcept
{
    if (is_held_by_others(wanted)) return false;
    const claim* const last = wanted.previous;
    // What is in the way of the one before is in the way of this one, too: with
    // thousands in a line nobody has to look at them all.
    if (last && !last->is_exclusive() && !wanted.is_exclusive() && last->owner->parent_ == wanted.owner->parent_)
        return last->is_due;
    for (const claim* before = last; before; before = before->previous)
        if (is_before(*before, wanted)) return false;
    return true;
}

/// Everybody behind an exclusive claim waits for it, but for its own parts, and parts
/// of a holder for which it waits itself.
bool lock_manager::is_last_due(const claim& waiting) noexcept
{
    if (!waiting.is_exclusive() || waiting.owner->has_parts()) return false;
    if (waiting.line->part_count == 0) return true;
    for (const claim* each = waiting.line->holders.first; each; each = each->next)
        if (each->owner->has_parts() && !waiting.owner->is_within(*each->owner)) return false;
    return true;
}

/// Adds the sets that have become due by what has changed in the line.
void lock_manager::find_due(claim_line& line) noexcept
{
    if (line.part_count == 0 && line.exclusive_holder_count > 0) return;
    for (claim* each = line.waiters.first; each; each = each->next) {
        if (!each->is_due && nothing_in_the_way(*each)) {
            each->is_due = true;
            if (--each->owner->missing_ == 0) add_due(*each->owner);
            prefetch(each->next); // whose turn may be next
        }
        if (is_last_due(*each)) return;
    }
}

void lock_manager::add_due(claim_set& due) noexcept
{
    if (std::exchange(due.is_in_due_list_, true)) return;
    due.next_due_ = nullptr;
    (last_due_ ? last_due_->next_due_ : first_due_) = &due;
    last_due_ = &due;
}

} // namespace vmtask::detail
