// SPDX-License-Identifier: BSL-1.0
#include "claim_table.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace vmtask;
using vmtask::detail::claim;
using vmtask::detail::claim_set;
using vmtask::detail::claim_table;

namespace {

using sets = std::vector<const claim_set*>;

void ignore(claim_set&) {}

/// Whoever is due takes what it claims; returns those.
sets hold_due(claim_table& table)
{
    sets granted;
    while (claim_set* const due = table.pop_due()) {
        table.hold(*due, ignore);
        granted.push_back(due);
    }
    return granted;
}

/// Takes the set out; returns those that got their turn by that.
sets leave(claim_table& table, claim_set& leaving)
{
    table.leave(leaving);
    return hold_due(table);
}

/// True when the set got its turn at once.
bool enter(claim_table& table, claim_set& entering)
{
    table.prepare(entering);
    if (!table.enter(entering, ignore)) return false;
    table.hold(entering, ignore);
    (void)hold_due(table);
    return true;
}

bool has_obstacle(claim_table& table, claim_set& waiting)
{
    bool found = false;
    table.for_each_obstacle(waiting, [&](const claim&) { return found = true; });
    return found;
}

} // namespace

TEST_CASE("an exclusive claim is granted alone, and the others in order of arrival", "[claim]")
{
    claim_table table;
    claim_set first({exclusive("disk")});
    claim_set second({exclusive("disk")});
    claim_set third({exclusive("disk")});
    CHECK(enter(table, first));
    CHECK_FALSE(enter(table, second));
    CHECK_FALSE(enter(table, third));
    REQUIRE(has_obstacle(table, third));
    CHECK(leave(table, first) == sets{&second});
    CHECK_FALSE(third.is_held());
    CHECK(leave(table, second) == sets{&third});
    CHECK(leave(table, third).empty());
    CHECK(table.empty());
}

TEST_CASE("shared claims are granted together, but none past an exclusive one that waits", "[claim]")
{
    claim_table table;
    claim_set reader({shared("disk")});
    claim_set other_reader({shared("disk")});
    claim_set writer({exclusive("disk")});
    claim_set late_reader({shared("disk")});
    CHECK(enter(table, reader));
    CHECK(enter(table, other_reader));
    CHECK_FALSE(enter(table, writer));
    CHECK_FALSE(enter(table, late_reader));
    CHECK(leave(table, reader).empty());
    CHECK(leave(table, other_reader) == sets{&writer});
    CHECK(leave(table, writer) == sets{&late_reader});
}

TEST_CASE("several claims are granted all together or not at all", "[claim]")
{
    claim_table table;
    claim_set holder({exclusive("a")});
    claim_set both({exclusive("a"), exclusive("b")});
    claim_set late({exclusive("b")});
    CHECK(enter(table, holder));
    CHECK_FALSE(enter(table, both));
    // Else a stream of short claims to b could keep `both` waiting for ever.
    CHECK_FALSE(enter(table, late));
    CHECK(leave(table, holder) == sets{&both});
    CHECK(leave(table, both) == sets{&late});
}

TEST_CASE("who gives up waiting lets those behind through", "[claim]")
{
    claim_table table;
    claim_set reader({shared("disk")});
    claim_set writer({exclusive("disk")});
    claim_set late_reader({shared("disk")});
    CHECK(enter(table, reader));
    CHECK_FALSE(enter(table, writer));
    CHECK_FALSE(enter(table, late_reader));
    CHECK(leave(table, writer) == sets{&late_reader});
}

TEST_CASE("a resource that is claimed twice is claimed once, exclusively if in doubt", "[claim]")
{
    claim_table table;
    claim_set twice({shared("disk"), exclusive("disk"), shared("disk")});
    REQUIRE(twice.wanted().size() == 1);
    CHECK(twice.wanted().front().mode == claim_mode::exclusive);
    claim_set reader({shared("disk")});
    CHECK(enter(table, twice));
    CHECK_FALSE(enter(table, reader));
    CHECK(leave(table, twice) == sets{&reader});
}

TEST_CASE("a part of a task shares its claims, and comes before those that wait for it", "[claim]")
{
    claim_table table;
    claim_set whole({exclusive("disk")});
    claim_set stranger({exclusive("disk"), exclusive("other")});
    claim_set part({exclusive("disk"), exclusive("other")});
    claim_set sibling({exclusive("disk")});
    part.set_parent(&whole);
    sibling.set_parent(&whole);
    CHECK(enter(table, whole));
    CHECK_FALSE(enter(table, stranger));
    // Behind the stranger, who waits for the whole, it would wait for ever.
    CHECK(enter(table, part));
    CHECK_FALSE(enter(table, sibling));
    CHECK(leave(table, part) == sets{&sibling});
    CHECK(leave(table, sibling).empty());
    CHECK(leave(table, whole) == sets{&stranger});
}

TEST_CASE("claims that are only prepared are in nobody's way", "[claim]")
{
    claim_table table;
    claim_set prepared({exclusive("disk")});
    claim_set quick({exclusive("disk")});
    table.prepare(prepared);
    CHECK(enter(table, quick));
    CHECK(leave(table, prepared).empty());
    CHECK_FALSE(table.empty());
    CHECK(leave(table, quick).empty());
    CHECK(table.empty());
}

TEST_CASE("the same claims are recognised whatever their order", "[claim]")
{
    const claim_set one({shared("b"), exclusive("a")});
    CHECK(one.same_as(claim_set({exclusive("a"), shared("b")})));
    CHECK_FALSE(one.same_as(claim_set({exclusive("a"), exclusive("b")})));
    CHECK_FALSE(one.same_as(claim_set({exclusive("a")})));
}

TEST_CASE("a part comes before one that waits for its whole, though another holds what it claims", "[claim]")
{
    claim_table table;
    claim_set whole({exclusive("b")});
    claim_set waiting({shared("a"), exclusive("b")});
    claim_set holder({shared("a")});
    claim_set part({exclusive("a")});
    part.set_parent(&whole);
    CHECK(enter(table, whole));
    CHECK_FALSE(enter(table, waiting));
    CHECK(enter(table, holder));
    CHECK_FALSE(enter(table, part));
    CHECK(leave(table, holder) == sets{&part});
    CHECK(leave(table, part).empty());
    CHECK(leave(table, whole) == sets{&waiting});
}

TEST_CASE("a part is granted what its whole holds, though a part of an older one waits for that", "[claim]")
{
    claim_table table;
    claim_set older({exclusive("a")});
    claim_set younger({exclusive("b")});
    claim_set waiting({exclusive("b")});
    claim_set part({exclusive("b")});
    waiting.set_parent(&older);
    part.set_parent(&younger);
    CHECK(enter(table, older));
    CHECK(enter(table, younger));
    CHECK_FALSE(enter(table, waiting));
    CHECK(enter(table, part));
    CHECK(leave(table, part).empty());
    CHECK(leave(table, younger) == sets{&waiting});
}

TEST_CASE("a part of a part comes before its whole's younger sibling", "[claim]")
{
    claim_table table;
    claim_set whole({exclusive("a")});
    claim_set older({exclusive("b")});
    claim_set holder({exclusive("c")});
    claim_set younger({exclusive("c")});
    claim_set inner({exclusive("c")});
    older.set_parent(&whole);
    younger.set_parent(&whole);
    inner.set_parent(&older);
    CHECK(enter(table, whole));
    CHECK(enter(table, holder));
    CHECK(enter(table, older));
    CHECK_FALSE(enter(table, younger));
    CHECK_FALSE(enter(table, inner));
    CHECK(leave(table, holder) == sets{&inner});
    CHECK(leave(table, inner) == sets{&younger});
}

namespace {

/// A set of claims in a random test: what the table knows of it, and what the
/// oracle does.
struct member {
    member(std::vector<resource_claim> wanted, member* part_of) : claims(std::move(wanted)), whole(part_of), set(claims)
    {
        if (whole) set.set_parent(&whole->set);
    }

    const std::vector<resource_claim> claims;
    member* const whole; // null for none
    bool is_in = false;
    bool is_granted = false;
    // Its arrival, after its whole's if that was there when it came: in this
    // order they are granted.
    std::vector<std::uint64_t> place{};

    claim_set set;
};

/// All that the random tests use of the table, and the only part of them that
/// knows its interface.
class tried_table {
public:
    void enter(member& entering) { (void)::enter(table_, entering.set); }
    void leave(member& leaving) { (void)::leave(table_, leaving.set); }
    [[nodiscard]] static bool is_granted(const member& asked) { return asked.set.is_held(); }
    [[nodiscard]] bool names(const member& obstacle, member& waiting)
    {
        bool is_named = false;
        table_.for_each_obstacle(waiting.set,
                                 [&](const claim& each) { return is_named |= each.owner == &obstacle.set; });
        return is_named;
    }
    [[nodiscard]] bool empty() const { return table_.empty(); }

private:
    claim_table table_;
};

bool conflict(const resource_claim& left, const resource_claim& right)
{
    return left.resource == right.resource
        && (left.mode == claim_mode::exclusive || right.mode == claim_mode::exclusive);
}

bool is_within(const member& inner, const member& outer)
{
    for (const member* each = inner.whole; each; each = each->whole)
        if (each == &outer) return true;
    return false;
}

/// Whether a whole of this one holds what the other could get only after it.
bool has_from_its_whole(const member& asked, const resource_claim& other)
{
    for (const member* each = asked.whole; each; each = each->whole)
        for (const resource_claim& held : each->claims)
            if (each->is_granted && conflict(held, other)) return true;
    return false;
}

/// Who waits and comes before is in the way as one who holds is; but for parts
/// whose whole holds the resource, opinions may differ: who waits does so for
/// that whole.
enum class rule { by_the_letter, lenient };

bool is_in_the_way(const member& other, const member& asked, rule applied)
{
    if (!other.is_in || &other == &asked || is_within(asked, other)) return false;
    if (!other.is_granted && !(other.place < asked.place)) return false;
    for (const resource_claim& theirs : other.claims)
        for (const resource_claim& own : asked.claims)
            if (conflict(theirs, own)
                && (other.is_granted || applied == rule::by_the_letter || !has_from_its_whole(asked, theirs)))
                return true;
    return false;
}

/// What may be in a table, told in the simplest way: by comparing all pairs.
class world {
public:
    explicit world(unsigned seed) : random_(seed) {}

    void add(std::vector<resource_claim> claims, member* whole)
    {
        members_.push_back(std::make_unique<member>(std::move(claims), whole));
    }

    void enter(member& entering)
    {
        if (entering.whole && entering.whole->is_in) entering.place = entering.whole->place;
        entering.place.push_back(++arrivals_);
        entering.is_in = true;
        table_.enter(entering);
        look();
    }

    void leave(member& leaving)
    {
        leaving.is_in = false;
        leaving.is_granted = false;
        table_.leave(leaving);
        look();
    }

    /// One of those for which that is true; null when there is none.
    template <class Predicate>
    member* some(Predicate is_wanted)
    {
        std::vector<member*> found;
        for (const auto& each : members_)
            if (is_wanted(*each)) found.push_back(each.get());
        return found.empty() ? nullptr : found[below(found.size())];
    }

    [[nodiscard]] bool has_parts_in(const member& whole) const
    {
        return std::any_of(members_.begin(), members_.end(),
                           [&](const auto& each) { return each->is_in && is_within(*each, whole); });
    }

    /// Lets all leave whose turn it is; false when some are left for ever.
    [[nodiscard]] bool runs_empty()
    {
        while (member* const last = some([&](const member& each) { return each.is_granted && !has_parts_in(each); }))
            leave(*last);
        return table_.empty();
    }

    std::size_t below(std::size_t bound) { return random_() % bound; }
    [[nodiscard]] bool one_in(std::size_t chances) { return below(chances) == 0; }
    [[nodiscard]] std::size_t count_in() const
    {
        return static_cast<std::size_t>(
            std::count_if(members_.begin(), members_.end(), [](const auto& each) { return each->is_in; }));
    }
    [[nodiscard]] std::mt19937& random() { return random_; }

private:
    /// Checks what the table has made of the last step.
    void look()
    {
        std::vector<member*> newly_granted;
        for (const auto& each : members_) {
            if (!each->is_in || each->is_granted) continue;
            if (tried_table::is_granted(*each)) newly_granted.push_back(each.get());
        }
        // Those were holders before, so that their parts may be granted beside them.
        for (const member* each : newly_granted) check_holders(*each);
        for (member* each : newly_granted) each->is_granted = true;
        for (const auto& each : members_) {
            if (!each->is_in) continue;
            REQUIRE(tried_table::is_granted(*each) == each->is_granted);
            each->is_granted ? check_granted(*each, newly_granted) : check_waiting(*each);
        }
    }

    void check_holders(const member& granted)
    {
        for (const auto& other : members_)
            if (other->is_granted) REQUIRE_FALSE(is_in_the_way(*other, granted, rule::lenient));
    }

    void check_granted(const member& granted, const std::vector<member*>& newly_granted)
    {
        const bool is_new = std::find(newly_granted.begin(), newly_granted.end(), &granted) != newly_granted.end();
        for (const auto& other : members_) {
            if (other->is_granted)
                REQUIRE((is_within(*other, granted) || !is_in_the_way(*other, granted, rule::lenient)));
            else if (is_new) REQUIRE_FALSE(is_in_the_way(*other, granted, rule::lenient));
        }
    }

    void check_waiting(member& waiting)
    {
        bool has_obstacle = false;
        bool has_name = false;
        for (const auto& other : members_) {
            const bool is_obstacle = is_in_the_way(*other, waiting, rule::by_the_letter);
            const bool is_named = table_.names(*other, waiting);
            if (is_named) REQUIRE(is_obstacle);
            has_obstacle = has_obstacle || is_obstacle;
            has_name = has_name || is_named;
        }
        REQUIRE(has_obstacle);
        REQUIRE(has_name);
    }

    std::mt19937 random_;
    tried_table table_;
    std::vector<std::unique_ptr<member>> members_; // those that have left, too: they may be wholes
    std::uint64_t arrivals_ = 0;
};

std::vector<resource_claim> random_claims(std::mt19937& random)
{
    std::vector<resource_claim> claims;
    for (char name = 'a'; name < 'e'; ++name)
        if (random() % 2 == 0)
            claims.push_back({std::string(1, name), random() % 2 == 0 ? claim_mode::shared : claim_mode::exclusive});
    if (claims.empty()) claims.push_back(exclusive("a"));
    return claims;
}

/// Some of those, and none more strictly.
std::vector<resource_claim> fewer(std::vector<resource_claim> claims, std::mt19937& random)
{
    while (claims.size() > 1 && random() % 2 == 0) claims.erase(claims.begin());
    if (random() % 2 == 0) claims.front().mode = claim_mode::shared;
    return claims;
}

constexpr std::size_t most_in = 12;

} // namespace

TEST_CASE("any order of coming and going grants what arrival and conflicts say", "[claim]")
{
    const auto seed = GENERATE(range(1U, 21U));
    INFO("seed " << seed);
    world all(seed);
    for (int step = 0; step < 400; ++step) {
        if (all.count_in() < most_in && all.one_in(2)) {
            all.add(random_claims(all.random()), nullptr);
            all.enter(*all.some([](const member& each) { return !each.is_in && each.place.empty(); }));
        } else if (member* const leaving = all.some([](const member& each) { return each.is_in; })) {
            all.leave(*leaving);
        }
    }
    CHECK(all.runs_empty());
}

TEST_CASE("any order of coming and going grants what arrival and conflicts say of parts, too", "[claim][part]")
{
    const auto seed = GENERATE(range(1U, 41U));
    INFO("seed " << seed);
    world all(seed);
    for (int step = 0; step < 300; ++step) {
        switch (all.below(7)) {
        case 0: all.add(random_claims(all.random()), nullptr); break;
        case 1: all.add(random_claims(all.random()), all.some([](const member& each) { return each.is_in; })); break;
        case 2: // a part of one that may not have entered yet
            all.add(random_claims(all.random()), all.some([](const member& each) { return each.place.empty(); }));
            break;
        case 3:
        case 4:
        case 5:
            if (all.count_in() >= most_in) break;
            if (member* const next = all.some([](const member& each) { return each.place.empty(); })) all.enter(*next);
            break;
        default: // a whole that was granted stays until its parts have left, one that waits may give up
            if (member* const leaving = all.some(
                    [&](const member& each) { return each.is_in && (!each.is_granted || !all.has_parts_in(each)); }))
                all.leave(*leaving);
            break;
        }
    }
}

TEST_CASE("parts that claim no more than their wholes let everybody through in the end", "[claim][part]")
{
    const auto seed = GENERATE(range(1U, 41U));
    INFO("seed " << seed);
    world all(seed);
    for (int step = 0; step < 200; ++step) {
        member* const whole = all.some([](const member& each) { return each.is_granted; });
        if (all.count_in() >= most_in || all.one_in(3)) {
            if (member* const leaving =
                    all.some([&](const member& each) { return each.is_granted && !all.has_parts_in(each); }))
                all.leave(*leaving);
            continue;
        }
        const bool is_part = whole && all.one_in(2);
        all.add(is_part ? fewer(whole->claims, all.random()) : random_claims(all.random()), is_part ? whole : nullptr);
        all.enter(*all.some([](const member& each) { return each.place.empty(); }));
    }
    CHECK(all.runs_empty());
}
