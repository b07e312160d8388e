// SPDX-License-Identifier: BSL-1.0
#include "claim_table.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <vector>

using namespace vmtask;
using vmtask::detail::claim;
using vmtask::detail::claim_set;
using vmtask::detail::claim_table;

namespace {

using sets = std::vector<const claim_set*>;

/// Takes the set out; returns those that got their turn by that.
sets leave(claim_table& table, claim_set& leaving)
{
    sets granted;
    table.leave(leaving, [&](const claim_set& each) { granted.push_back(&each); });
    return granted;
}

bool enter(claim_table& table, claim_set& entering)
{
    table.prepare(entering);
    return table.enter(entering);
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
    REQUIRE(table.obstacle(third));
    CHECK(leave(table, first) == sets{&second});
    CHECK_FALSE(third.is_granted());
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
    part.parent = &whole;
    sibling.parent = &whole;
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

namespace {

/// What may be, told in the simplest way: by comparing all pairs.
class oracle {
public:
    [[nodiscard]] static bool conflict(const claim_set& left, const claim_set& right)
    {
        for (const resource_claim& mine : left.wanted())
            for (const resource_claim& theirs : right.wanted())
                if (mine.resource == theirs.resource
                    && (mine.mode == claim_mode::exclusive || theirs.mode == claim_mode::exclusive))
                    return true;
        return false;
    }

    void add(const claim_set& added) { in_order_.push_back(&added); }
    void remove(const claim_set& removed) { std::erase(in_order_, &removed); }

    /// Nobody before it wants what it wants: then, and only then, it is granted.
    [[nodiscard]] bool should_hold(const claim_set& asked) const
    {
        for (const claim_set* before : in_order_) {
            if (before == &asked) return true;
            if (conflict(*before, asked)) return false;
        }
        return false;
    }

    [[nodiscard]] const sets& all() const { return in_order_; }

private:
    sets in_order_;
};

std::vector<resource_claim> random_claims(std::mt19937& random)
{
    std::vector<resource_claim> claims;
    const auto count = 1 + random() % 3;
    for (std::size_t i = 0; i < count; ++i)
        claims.push_back({std::string(1, static_cast<char>('a' + random() % 4)),
                          random() % 2 == 0 ? claim_mode::shared : claim_mode::exclusive});
    return claims;
}

} // namespace

TEST_CASE("any order of coming and going grants what arrival and conflicts say", "[claim]")
{
    const auto seed = GENERATE(range(1U, 21U));
    INFO("seed " << seed);
    std::mt19937 random(seed);
    claim_table table;
    oracle expected;
    std::vector<std::unique_ptr<claim_set>> present;
    for (int step = 0; step < 400; ++step) {
        if (present.size() < 12 && random() % 2 == 0) {
            present.push_back(std::make_unique<claim_set>(random_claims(random)));
            expected.add(*present.back());
            (void)enter(table, *present.back());
        } else if (!present.empty()) {
            const auto leaving = present.begin() + static_cast<std::ptrdiff_t>(random() % present.size());
            expected.remove(**leaving);
            (void)leave(table, **leaving);
            present.erase(leaving);
        }
        for (const auto& each : present) REQUIRE(each->is_granted() == expected.should_hold(*each));
    }
    for (const auto& each : present) (void)leave(table, *each);
    CHECK(table.empty());
}
