// SPDX-License-Identifier: BSL-1.0
#include <vmtask/detail/deadline.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <cstdint>
#include <limits>
#include <ratio>

using namespace vmtask::detail;
using namespace std::chrono_literals;
using std::chrono::duration;
using std::chrono::steady_clock;

namespace {

template <class Number>
constexpr Number no_number = std::numeric_limits<Number>::quiet_NaN();
template <class Number>
constexpr Number endless = std::numeric_limits<Number>::infinity();

} // namespace

TEST_CASE("a deadline lies as far ahead as asked, never nearer", "[deadline]")
{
    const auto before = steady_clock::now();
    CHECK(deadline_after(5s) >= before + 5s);
    const auto deadline = deadline_after(5s);
    CHECK(deadline <= steady_clock::now() + 5s);
    CHECK(deadline_after(duration<float>(2.5F)) >= before + 2500ms);
    CHECK(deadline_after(1ns) > before);
    CHECK(deadline_after(duration<double, std::nano>(0.1)) > before);
    CHECK(deadline_after(duration<double, std::nano>(0.1)) != deadline_now);
    CHECK(deadline_after(duration<std::int64_t, std::pico>(1)) != deadline_now);
    CHECK(deadline_after(24h * 365 * 100) >= before + 24h * 365 * 100);
}

TEST_CASE("zero, less, or no number is a look", "[deadline]")
{
    CHECK(deadline_after(0s) == deadline_now);
    CHECK(deadline_after(-1ns) == deadline_now);
    CHECK(deadline_after(std::chrono::hours::min()) == deadline_now);
    CHECK(deadline_after(std::chrono::nanoseconds::min()) == deadline_now);
    CHECK(deadline_after(duration<std::int8_t>(-128)) == deadline_now);
    CHECK(deadline_after(duration<double>(-0.0)) == deadline_now);
    CHECK(deadline_after(duration<double>(-endless<double>)) == deadline_now);
    CHECK(deadline_after(duration<float>(no_number<float>)) == deadline_now);
    CHECK(deadline_after(duration<double>(no_number<double>)) == deadline_now);
    CHECK(deadline_after(duration<long double>(no_number<long double>)) == deadline_now);
}

TEST_CASE("what the clock cannot express is never", "[deadline]")
{
    CHECK(deadline_after(std::chrono::nanoseconds::max()) == deadline_never);
    CHECK(deadline_after(std::chrono::microseconds::max()) == deadline_never);
    CHECK(deadline_after(std::chrono::milliseconds::max()) == deadline_never);
    CHECK(deadline_after(std::chrono::seconds::max()) == deadline_never);
    CHECK(deadline_after(std::chrono::hours::max()) == deadline_never);
    CHECK(deadline_after(std::chrono::years::max()) == deadline_never);
    CHECK(deadline_after(24h * 365 * 300) == deadline_never);
    CHECK(deadline_after(duration<std::uint64_t>::max()) == deadline_never);
    CHECK(deadline_after(duration<std::uint64_t, std::nano>::max()) == deadline_never);
    CHECK(deadline_after(duration<float>(1e30F)) == deadline_never);
    CHECK(deadline_after(duration<double>(endless<double>)) == deadline_never);
    CHECK(deadline_after(duration<double, std::ratio<3600>>(1e300)) == deadline_never);
    CHECK(deadline_after(steady_clock::time_point::max() - steady_clock::now()) > steady_clock::now() + 24h);
}

TEST_CASE("the smallest representations do not overflow", "[deadline]")
{
    const auto before = steady_clock::now();
    CHECK(deadline_after(duration<std::int8_t>(127)) >= before + 127s);
    CHECK(deadline_after(duration<std::uint8_t, std::ratio<3600>>(255)) >= before + 255h);
    CHECK(deadline_after(duration<std::int16_t, std::milli>(32767)) >= before + 32767ms);
}
