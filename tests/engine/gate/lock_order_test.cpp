// SPDX-License-Identifier: BSL-1.0

// In which order claims are granted, those of parts among them: some cases by
// hand, and any number by chance, compared with what the order must be.

#include "gate/lock_world.hpp"

#include "support/catch.hpp"

#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace vmtask;
using test::claimant;
using test::lock_world;

namespace {

/// Puts claims into a table, and says who of them is granted now.
class line_up {
public:
    claimant& enter(std::vector<resource_claim> claims, claimant* whole = nullptr)
    {
        all_.push_back(std::make_unique<claimant>(std::move(claims), whole));
        table_.enter(*all_.back());
        return *all_.back();
    }
    void leave(claimant& leaving) { table_.leave(leaving); }
    [[nodiscard]] static bool holds(const claimant& asked) { return test::tried_lock_manager::is_granted(asked); }

private:
    test::tried_lock_manager table_;
    std::vector<std::unique_ptr<claimant>> all_;
};

} // namespace

TEST_CASE("a part comes before one that waits for its whole, though another holds what it claims", "[claim][part]")
{
    line_up line;
    claimant& whole = line.enter({exclusive("b")});
    claimant& waiting = line.enter({shared("a"), exclusive("b")});
    claimant& holder = line.enter({shared("a")});
    claimant& part = line.enter({exclusive("a")}, &whole);
    CHECK(line.holds(whole));
    CHECK(line.holds(holder));
    CHECK_FALSE(line.holds(waiting));
    CHECK_FALSE(line.holds(part));
    line.leave(holder);
    CHECK(line.holds(part));
    CHECK_FALSE(line.holds(waiting));
    line.leave(part);
    line.leave(whole);
    CHECK(line.holds(waiting));
    line.leave(waiting);
}

TEST_CASE("a part is granted what its whole holds, though a part of an older one waits for that", "[claim][part]")
{
    line_up line;
    claimant& older = line.enter({exclusive("a")});
    claimant& younger = line.enter({exclusive("b")});
    claimant& waiting = line.enter({exclusive("b")}, &older);
    claimant& part = line.enter({exclusive("b")}, &younger);
    CHECK_FALSE(line.holds(waiting));
    CHECK(line.holds(part));
    line.leave(part);
    CHECK_FALSE(line.holds(waiting));
    line.leave(younger);
    CHECK(line.holds(waiting));
    line.leave(waiting);
    line.leave(older);
}

TEST_CASE("a part of a part comes before its whole's younger sibling", "[claim][part]")
{
    line_up line;
    claimant& whole = line.enter({exclusive("a")});
    claimant& holder = line.enter({exclusive("c")});
    claimant& older = line.enter({exclusive("b")}, &whole);
    claimant& younger = line.enter({exclusive("c")}, &whole);
    claimant& inner = line.enter({exclusive("c")}, &older);
    line.leave(holder);
    CHECK(line.holds(inner));
    CHECK_FALSE(line.holds(younger));
    line.leave(inner);
    CHECK(line.holds(younger));
    for (claimant* each : {&younger, &older, &whole}) line.leave(*each);
}

namespace {

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
    lock_world all(seed);
    for (int step = 0; step < 400; ++step) {
        if (all.count_in() < most_in && all.one_in(2)) {
            all.add(random_claims(all.random()), nullptr);
            all.enter(*all.some([](const claimant& each) { return !each.is_in && each.place.empty(); }));
        } else if (claimant* const leaving = all.some([](const claimant& each) { return each.is_in; })) {
            all.leave(*leaving);
        }
    }
    CHECK(all.runs_empty());
}

TEST_CASE("any order of coming and going grants what arrival and conflicts say of parts, too", "[claim][part]")
{
    const auto seed = GENERATE(range(1U, 41U));
    INFO("seed " << seed);
    lock_world all(seed);
    for (int step = 0; step < 300; ++step) {
        switch (all.below(7)) {
        case 0: all.add(random_claims(all.random()), nullptr); break;
        case 1: all.add(random_claims(all.random()), all.some([](const claimant& each) { return each.is_in; })); break;
        case 2: // a part of one that may not have entered yet
            all.add(random_claims(all.random()), all.some([](const claimant& each) { return each.place.empty(); }));
            break;
        case 3:
        case 4:
        case 5:
            if (all.count_in() >= most_in) break;
            if (claimant* const next = all.some([](const claimant& each) { return each.place.empty(); }))
                all.enter(*next);
            break;
        default: // a whole that was granted stays until its parts have left, one that waits may give up
            if (claimant* const leaving = all.some(
                    [&](const claimant& each) { return each.is_in && (!each.is_granted || !all.has_parts_in(each)); }))
                all.leave(*leaving);
            break;
        }
    }
}

TEST_CASE("parts that claim no more than their wholes let everybody through in the end", "[claim][part]")
{
    const auto seed = GENERATE(range(1U, 41U));
    INFO("seed " << seed);
    lock_world all(seed);
    for (int step = 0; step < 200; ++step) {
        claimant* const whole = all.some([](const claimant& each) { return each.is_granted; });
        if (all.count_in() >= most_in || all.one_in(3)) {
            if (claimant* const leaving =
                    all.some([&](const claimant& each) { return each.is_granted && !all.has_parts_in(each); }))
                all.leave(*leaving);
            continue;
        }
        const bool is_part = whole && all.one_in(2);
        all.add(is_part ? fewer(whole->claims, all.random()) : random_claims(all.random()), is_part ? whole : nullptr);
        all.enter(*all.some([](const claimant& each) { return each.place.empty(); }));
    }
    CHECK(all.runs_empty());
}
