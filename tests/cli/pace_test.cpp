// SPDX-License-Identifier: BSL-1.0

#include "pace.hpp"

#include "support/catch.hpp"

using namespace vmtask::cli;
using namespace std::chrono_literals;
using Catch::Matchers::WithinAbs;

namespace {

const pace::clock::time_point start{1000s};

/// Goes on with `rate` units a second for ten seconds.
std::uint64_t go_on(pace& speed, std::uint64_t done, std::uint64_t rate, pace::clock::time_point& now)
{
    for (int tenths = 0; tenths < 100; ++tenths) {
        now += 100ms;
        done += rate / 10;
        speed.update(done, 1'000'000, now);
    }
    return done;
}

} // namespace

TEST_CASE("a pace is not known at once", "[cli]")
{
    pace speed;
    CHECK_FALSE(speed.rate());
    speed.update(500, 1000, start);
    CHECK_FALSE(speed.rate());
    CHECK_FALSE(speed.time_left());
    speed.update(510, 1000, start + 100ms);
    CHECK_FALSE(speed.rate());
}

TEST_CASE("what was done before the first look is not taken for speed", "[cli]")
{
    pace speed;
    speed.update(500'000, 1'000'000, start);
    speed.update(501'000, 1'000'000, start + 1s);
    CHECK_THAT(speed.rate().value(), WithinAbs(1000, 0.001));
    CHECK_THAT(speed.time_left().value().count(), WithinAbs(499, 0.001));
}

TEST_CASE("a pace follows a change of speed", "[cli]")
{
    pace speed;
    auto now = start;
    speed.update(0, 1'000'000, now);
    const std::uint64_t done = go_on(speed, 0, 1000, now);
    CHECK_THAT(speed.rate().value(), WithinAbs(1000, 0.001));
    go_on(speed, done, 100, now);
    CHECK_THAT(speed.rate().value(), WithinAbs(100, 40));
}

TEST_CASE("while nothing moves, no time left is told", "[cli]")
{
    pace speed;
    auto now = start;
    speed.update(0, 1'000'000, now);
    go_on(speed, 0, 0, now);
    CHECK(speed.rate().value() == 0);
    CHECK_FALSE(speed.time_left());
}

TEST_CASE("two looks at the same instant do no harm", "[cli]")
{
    pace speed;
    speed.update(0, 1000, start);
    speed.update(100, 1000, start + 1s);
    speed.update(200, 1000, start + 1s);
    CHECK_THAT(speed.rate().value(), WithinAbs(100, 0.001));
}
