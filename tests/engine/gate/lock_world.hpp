// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "gate/lock_manager.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace vmtask::test {

/// A set of claims: what the table knows of it, and what the oracle does.
struct claimant {
    claimant(std::vector<resource_claim> wanted, claimant* part_of)
        : claims(std::move(wanted)), whole(part_of), set(claims)
    {
        if (whole) set.set_parent(&whole->set);
    }

    const std::vector<resource_claim> claims;
    claimant* const whole; // null for none
    bool is_in = false;
    bool is_granted = false;
    // Its arrival, after its whole's if that was there when it came: in this
    // order they are granted.
    std::vector<std::uint64_t> place{};

    detail::claim_set set;
};

/// All that these tests use of the table, and with claimant::set the only part of
/// them that knows its interface.
class tried_lock_manager {
public:
    void enter(claimant& entering)
    {
        table_.prepare(entering.set);
        if (table_.enter(entering.set, ignore)) table_.hold(entering.set, ignore);
        hold_due();
    }
    void leave(claimant& leaving)
    {
        table_.leave(leaving.set);
        hold_due();
    }
    [[nodiscard]] static bool is_granted(const claimant& asked) { return asked.set.is_held(); }
    [[nodiscard]] bool names(const claimant& obstacle, claimant& waiting)
    {
        bool is_named = false;
        table_.for_each_obstacle(waiting.set,
                                 [&](const detail::claim& each) { return is_named |= each.owner == &obstacle.set; });
        return is_named;
    }
    [[nodiscard]] bool empty() const { return table_.empty(); }

private:
    static void ignore(detail::claim_set&) {}
    /// Whoever is due takes what it claims.
    void hold_due()
    {
        while (detail::claim_set* const due = table_.pop_due()) table_.hold(*due, ignore);
    }

    detail::lock_manager table_;
};

[[nodiscard]] inline bool conflict(const resource_claim& left, const resource_claim& right)
{
    return left.resource == right.resource
        && (left.mode == claim_mode::exclusive || right.mode == claim_mode::exclusive);
}

[[nodiscard]] inline bool is_within(const claimant& inner, const claimant& outer)
{
    for (const claimant* each = inner.whole; each; each = each->whole)
        if (each == &outer) return true;
    return false;
}

/// Whether a whole of this one holds what the other could get only after it.
[[nodiscard]] inline bool has_from_its_whole(const claimant& asked, const resource_claim& other)
{
    for (const claimant* each = asked.whole; each; each = each->whole)
        for (const resource_claim& held : each->claims)
            if (each->is_granted && conflict(held, other)) return true;
    return false;
}

/// Who waits and comes before is in the way as one who holds is; but for parts
/// whose whole holds the resource, opinions may differ: who waits does so for
/// that whole.
enum class claim_rule { by_the_letter, lenient };

[[nodiscard]] inline bool is_in_the_way(const claimant& other, const claimant& asked, claim_rule applied)
{
    if (!other.is_in || &other == &asked || is_within(asked, other)) return false;
    if (!other.is_granted && !(other.place < asked.place)) return false;
    for (const resource_claim& theirs : other.claims)
        for (const resource_claim& own : asked.claims)
            if (conflict(theirs, own)
                && (other.is_granted || applied == claim_rule::by_the_letter || !has_from_its_whole(asked, theirs)))
                return true;
    return false;
}

/// What may be in a table, told in the simplest way: by comparing all pairs.
class lock_world {
public:
    explicit lock_world(unsigned seed) : random_(seed) {}

    void add(std::vector<resource_claim> claims, claimant* whole)
    {
        claimants_.push_back(std::make_unique<claimant>(std::move(claims), whole));
    }

    void enter(claimant& entering)
    {
        if (entering.whole && entering.whole->is_in) entering.place = entering.whole->place;
        entering.place.push_back(++arrivals_);
        entering.is_in = true;
        table_.enter(entering);
        look();
    }

    void leave(claimant& leaving)
    {
        leaving.is_in = false;
        leaving.is_granted = false;
        table_.leave(leaving);
        look();
    }

    /// One of those for which that is true; null when there is none.
    template <class Predicate>
    claimant* some(Predicate is_wanted)
    {
        std::vector<claimant*> found;
        for (const auto& each : claimants_)
            if (is_wanted(*each)) found.push_back(each.get());
        return found.empty() ? nullptr : found[below(found.size())];
    }

    [[nodiscard]] bool has_parts_in(const claimant& whole) const
    {
        return std::any_of(claimants_.begin(), claimants_.end(),
                           [&](const auto& each) { return each->is_in && is_within(*each, whole); });
    }

    /// Lets all leave whose turn it is; false when some are left for ever.
    [[nodiscard]] bool runs_empty()
    {
        while (claimant* const last =
                   some([&](const claimant& each) { return each.is_granted && !has_parts_in(each); }))
            leave(*last);
        return table_.empty();
    }

    std::size_t below(std::size_t bound) { return random_() % bound; }
    [[nodiscard]] bool one_in(std::size_t chances) { return below(chances) == 0; }
    [[nodiscard]] std::size_t count_in() const
    {
        return static_cast<std::size_t>(
            std::count_if(claimants_.begin(), claimants_.end(), [](const auto& each) { return each->is_in; }));
    }
    [[nodiscard]] std::mt19937& random() { return random_; }

private:
    /// Checks what the table has made of the last step.
    void look()
    {
        std::vector<claimant*> newly_granted;
        for (const auto& each : claimants_) {
            if (!each->is_in || each->is_granted) continue;
            if (tried_lock_manager::is_granted(*each)) newly_granted.push_back(each.get());
        }
        // Those were holders before, so that their parts may be granted beside them.
        for (const claimant* each : newly_granted) check_holders(*each);
        for (claimant* each : newly_granted) each->is_granted = true;
        for (const auto& each : claimants_) {
            if (!each->is_in) continue;
            REQUIRE(tried_lock_manager::is_granted(*each) == each->is_granted);
            each->is_granted ? check_granted(*each, newly_granted) : check_waiting(*each);
        }
    }

    void check_holders(const claimant& granted)
    {
        for (const auto& other : claimants_)
            if (other->is_granted) REQUIRE_FALSE(is_in_the_way(*other, granted, claim_rule::lenient));
    }

    void check_granted(const claimant& granted, const std::vector<claimant*>& newly_granted)
    {
        const bool is_new = std::find(newly_granted.begin(), newly_granted.end(), &granted) != newly_granted.end();
        for (const auto& other : claimants_) {
            if (other->is_granted)
                REQUIRE((is_within(*other, granted) || !is_in_the_way(*other, granted, claim_rule::lenient)));
            else if (is_new) REQUIRE_FALSE(is_in_the_way(*other, granted, claim_rule::lenient));
        }
    }

    void check_waiting(claimant& waiting)
    {
        bool has_obstacle = false;
        bool has_name = false;
        for (const auto& other : claimants_) {
            const bool is_obstacle = is_in_the_way(*other, waiting, claim_rule::by_the_letter);
            const bool is_named = table_.names(*other, waiting);
            if (is_named) REQUIRE(is_obstacle);
            has_obstacle = has_obstacle || is_obstacle;
            has_name = has_name || is_named;
        }
        REQUIRE(has_obstacle);
        REQUIRE(has_name);
    }

    std::mt19937 random_;
    tried_lock_manager table_;
    std::vector<std::unique_ptr<claimant>> claimants_; // those that have left, too: they may be wholes
    std::uint64_t arrivals_ = 0;
};

} // namespace vmtask::test
