// SPDX-License-Identifier: BSL-1.0
#include "gate/lock_manager.hpp"

#include "support/catch.hpp"

#include <vector>

using namespace vmtask;
using vmtask::detail::claim;
using vmtask::detail::claim_set;
using vmtask::detail::lock_manager;

namespace {

using sets = std::vector<const claim_set*>;

void ignore(claim_set&) {}

/// Whoever is due takes what it claims; returns those.
sets hold_due(lock_manager& table)
{
    sets granted;
    while (claim_set* const due = table.pop_due()) {
        table.hold(*due, ignore);
        granted.push_back(due);
    }
    return granted;
}

/// Takes the set out; returns those that got their turn by that.
sets leave(lock_manager& table, claim_set& leaving)
{
    table.leave(leaving);
    return hold_due(table);
}

/// True when the set got its turn at once.
bool enter(lock_manager& table, claim_set& entering)
{
    table.prepare(entering);
    if (!table.enter(entering, ignore)) return false;
    table.hold(entering, ignore);
    (void)hold_due(table);
    return true;
}

bool has_obstacle(lock_manager& table, claim_set& waiting)
{
    bool found = false;
    table.for_each_obstacle(waiting, [&](const vmtask::detail::claim&) { return found = true; });
    return found;
}

} // namespace

TEST_CASE("an exclusive claim is granted alone, and the others in order of arrival", "[claim]")
{
    lock_manager table;
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
    lock_manager table;
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
    lock_manager table;
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
    lock_manager table;
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
    lock_manager table;
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
    lock_manager table;
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
    lock_manager table;
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
