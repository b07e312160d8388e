// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/prefetch.hpp"
#include "gate/lock_lines.hpp"

#include <vmtask/resource.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace vmtask::detail {

class claim_set;
class task_record;

/// One resource of a claim_set.
struct claim : resource_claim {
    [[nodiscard]] bool is_exclusive() const noexcept { return mode == claim_mode::exclusive; }

    bool is_due = false; // waits, and nothing is in the way
    std::size_t hash = 0;
    claim_set* owner = nullptr;
    claim_line* line = nullptr;
    // In one of the line's lists.
    claim* next = nullptr;
    claim* previous = nullptr;
};

/// All that one task claims: held all together, or waited for all together. It may
/// be nothing: then the set still has a place, which parts of the task share.
class claim_set {
public:
    /// The claims by name, each resource once; who claims one both shared and
    /// exclusively means exclusively.
    explicit claim_set(std::vector<resource_claim> wanted);
    claim_set(const claim_set&) = delete;
    claim_set& operator=(const claim_set&) = delete;

    [[nodiscard]] bool empty() const noexcept { return claims_.empty(); }
    /// In its lines, as a holder or as one who waits.
    [[nodiscard]] bool is_entered() const noexcept { return place_ >= place::waiting; }
    [[nodiscard]] bool is_held() const noexcept { return place_ == place::holding; }
    /// Waits, and nothing is in the way: it may be held now.
    [[nodiscard]] bool is_due() const noexcept { return place_ == place::waiting && missing_ == 0; }
    /// Was put before others that waited already.
    [[nodiscard]] bool has_overtaken() const noexcept { return has_overtaken_; }
    [[nodiscard]] bool same_as(const claim_set& other) const noexcept;
    [[nodiscard]] std::span<const claim> wanted() const noexcept { return claims_; }

    /// Makes it a part of the other: whose claims, and those of whose own parents,
    /// are no obstacle to these. Before it is prepared; null for none.
    void set_parent(claim_set* parent) noexcept;
    [[nodiscard]] claim_set* parent() const noexcept { return parent_; }

    /// Whose claims they are; the table does not look at it.
    task_record* task = nullptr;

private:
    friend class lock_manager;

    enum class place : std::uint8_t { outside, coming, waiting, holding };

    [[nodiscard]] bool has_parts() const noexcept { return present_ > (place_ == place::outside ? 0U : 1U); }
    [[nodiscard]] bool is_within(const claim_set& other) const noexcept;
    [[nodiscard]] bool comes_before(const claim_set& other) const noexcept;
    static void note_presence(claim_set* added) noexcept;
    static void note_absence(claim_set* removed) noexcept;
    void set(claim& own, resource_claim&& wanted) noexcept;

    claim only_;                       // most sets have one
    std::unique_ptr<claim[]> several_; // the others'
    std::span<claim> claims_;          // these or that
    place place_ = place::outside;

    claim_set* parent_ = nullptr;
    std::size_t depth_ = 0;   // parents above it
    std::size_t present_ = 0; // it and sets whose parent it is, as far as they, or parts of theirs, are in

    // Its place in all lines: right after `leader_` and that one's earlier parts, or,
    // without one, by its ticket.
    std::uint64_t ticket_ = 0;
    const claim_set* leader_ = nullptr;
    std::size_t leaders_ = 0; // above it

    std::size_t missing_ = 0;       // claims that are not due
    claim_set* next_due_ = nullptr; // among those that have become due
    bool is_in_due_list_ = false;
    bool has_overtaken_ = false;
};

/// Who holds which resource, and who comes next.
///
/// Each resource has its holders, and those who wait, in the order of their
/// tickets. In the way of a claim is a holder, or one who waits with a lower
/// ticket, if the two conflict, and nothing else. A set takes one ticket for all
/// that it wants, so no two sets wait for each other. It is due when nothing is in
/// its way in any line, and held when somebody calls hold(): until then it can be
/// overtaken by a part of a task that came before it.
///
/// A part of a larger task stands right after that task, for it could wait for ever
/// behind somebody who waits for the whole. Its whole's claims are no obstacle, nor
/// are those who wait for what its whole holds.
///
/// Thread safety: none; the waiting room's lock guards it and all sets in it.
class lock_manager {
public:
    /// Makes sure that the set can enter. Throws std::bad_alloc; then nothing
    /// has changed.
    void prepare(claim_set& entering);

    /// Puts a prepared set into its lines. True when it is due at once. Calls
    /// `overtaken(claim_set&)` for each that was due and is not any more.
    template <class Overtaken>
    [[nodiscard]] bool enter(claim_set& entering, Overtaken overtaken) noexcept
    {
        take_ticket(entering);
        entering.place_ = claim_set::place::waiting;
        entering.missing_ = 0;
        for (claim& added : entering.claims_) {
            remove(added.line->coming, added);
            put_in(added);
            added.is_due = nothing_in_the_way(added);
            if (!added.is_due) ++entering.missing_;
            if (!added.next) continue;
            entering.has_overtaken_ = true;
            withdraw_overtaken(added, overtaken);
        }
        return entering.missing_ == 0;
    }

    /// Makes a due set the holder of all that it claims. Calls
    /// `overtaken(claim_set&)` for each larger task of which it is a part, if that
    /// was due and now waits for its own part.
    template <class Overtaken>
    void hold(claim_set& due, Overtaken overtaken) noexcept
    {
        become_holder(due);
        if (due.empty()) return;
        for (claim_set* outer = due.parent_; outer; outer = outer->parent_)
            if (outer->place_ == claim_set::place::waiting) withdraw_if_held(*outer, overtaken);
    }

    /// Takes the set out, whether it holds, waits or is only prepared.
    void leave(claim_set& leaving) noexcept;

    /// One of the sets that have become due by what others did; null when there is
    /// none left. To be asked after hold() and leave(), before the lock is free.
    [[nodiscard]] claim_set* pop_due() noexcept;

    /// True when a prepared set would be due if it entered now.
    [[nodiscard]] bool is_free(claim_set& prepared)
    {
        bool has_obstacle = false;
        for_each_obstacle(prepared, [&](const claim&) { return has_obstacle = true; });
        return !has_obstacle;
    }

    /// Who is in the way of `waiting`, or would be if it entered now: calls
    /// `visit(const claim&)` for each of their claims, until it returns true.
    template <class Visit>
    void for_each_obstacle(claim_set& waiting, Visit visit)
    {
        visit_obstacles(waiting, false, visit);
    }

    /// The same, without those for whom others of them wait in turn: enough for
    /// whoever follows the obstacles of obstacles.
    template <class Visit>
    void for_each_nearest_obstacle(claim_set& waiting, Visit visit)
    {
        visit_obstacles(waiting, true, [&](const claim& each) {
            visit(each);
            return false;
        });
    }

    /// Calls `visit(claim_set&)` for each set that has or wants what this one wants,
    /// and then for those that are prepared to, until it returns true.
    template <class Visit>
    void for_each_who_wants(const claim& wanted, Visit visit) const
    {
        const claim_line* const line = lines_.find(wanted.resource, wanted.hash);
        if (!line) return;
        for (claim* begin : {line->holders.first, line->waiters.first, line->coming.first})
            for (claim* each = begin; each; each = each->next)
                if (visit(*each->owner)) return;
    }

    [[nodiscard]] bool empty() const noexcept { return lines_.empty(); }

private:
    static void push_back(claim_list& list, claim& added) noexcept { insert_after(list, list.last, added); }
    static void insert_after(claim_list& list, claim* before, claim& added) noexcept;
    static void remove(claim_list& list, claim& removed) noexcept;

    static void assign_place(claim_set& entering, std::uint64_t ticket) noexcept;
    void become_holder(claim_set& due) noexcept;
    void take_ticket(claim_set& entering) noexcept { assign_place(entering, ++tickets_); }
    static void put_in(claim& entering) noexcept;
    [[nodiscard]] static claim* last_before(const claim& entering) noexcept;
    static void take_out(claim& leaving, claim_set::place from) noexcept;

    [[nodiscard]] static bool conflict(const claim& one, const claim& other) noexcept
    {
        return (one.is_exclusive() || other.is_exclusive()) && one.owner != other.owner;
    }
    [[nodiscard]] static bool is_in_the_way(const claim& other, const claim& wanted) noexcept
    {
        return conflict(other, wanted) && !wanted.owner->is_within(*other.owner);
    }
    /// The same for one who waits: not if he waits for what a whole of the other holds.
    [[nodiscard]] static bool is_before(const claim& waiting, const claim& wanted) noexcept
    {
        return is_in_the_way(waiting, wanted) && !(wanted.owner->parent_ && waits_for_a_whole(waiting, wanted));
    }
    [[nodiscard]] static bool waits_for_a_whole(const claim& waiting, const claim& wanted) noexcept;
    [[nodiscard]] static bool is_held_by_others(const claim& wanted) noexcept;
    [[nodiscard]] static bool nothing_in_the_way(const claim& wanted) noexcept;
    /// True when nobody who waits behind this one can be due.
    [[nodiscard]] static bool is_last_due(const claim& waiting) noexcept;

    template <class Overtaken>
    static void withdraw_overtaken(const claim& added, Overtaken& overtaken) noexcept
    {
        for (claim* each = added.next; each; each = each->next) {
            if (each->is_due && is_before(added, *each)) {
                each->is_due = false;
                if (each->owner->missing_++ == 0) overtaken(*each->owner);
            }
            if (is_last_due(*each)) return;
        }
    }

    template <class Overtaken>
    static void withdraw_if_held(claim_set& waiting, Overtaken& overtaken) noexcept
    {
        for (claim& each : waiting.claims_) {
            if (!each.is_due || !is_held_by_others(each)) continue;
            each.is_due = false;
            if (waiting.missing_++ == 0) overtaken(waiting);
        }
    }

    void find_due(claim_line& line) noexcept;
    void add_due(claim_set& due) noexcept;

    template <class Visit>
    void visit_obstacles(claim_set& waiting, bool only_nearest, Visit visit)
    {
        if (waiting.place_ == claim_set::place::outside || waiting.is_held()) return;
        const bool is_in = waiting.is_entered();
        if (!is_in) assign_place(waiting, tickets_ + 1);
        for (const claim& wanted : waiting.claims_) {
            if (is_in && wanted.is_due) continue;
            bool are_holders_implied = false;
            for (const claim* each = is_in ? wanted.previous : last_before(wanted); each; each = each->previous) {
                if (!is_before(*each, wanted)) continue;
                if (visit(*each)) return;
                if (only_nearest && waits_for_the_same(*each, wanted)) {
                    are_holders_implied = true;
                    break;
                }
            }
            if (are_holders_implied) continue;
            for (const claim* each = wanted.line->holders.first; each; each = each->next)
                if (is_in_the_way(*each, wanted) && visit(*each)) return;
        }
    }
    /// Whether all that is in the way of `wanted` before this one is in this one's
    /// way as well.
    [[nodiscard]] static bool waits_for_the_same(const claim& before, const claim& wanted) noexcept
    {
        const claim_set* const parent = before.owner->parent_;
        return before.is_exclusive()
            && (!parent || parent == wanted.owner->parent_ || wanted.owner->is_within(*parent));
    }

    lock_lines lines_;
    std::uint64_t tickets_ = 0;
    claim_set* first_due_ = nullptr; // of those that nobody has asked for yet
    claim_set* last_due_ = nullptr;
};

} // namespace vmtask::detail
