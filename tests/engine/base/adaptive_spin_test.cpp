// SPDX-License-Identifier: BSL-1.0
#include "base/adaptive_spin.hpp"

#include "support/catch.hpp"

#include <chrono>

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using vmtask::detail::adaptive_spin;

namespace {

/// How often it looks for what never comes.
int looks_of(adaptive_spin& spin)
{
    int looks = 0;
    CHECK_FALSE(spin.until([&] { return ++looks < 0; }, steady_clock::now()));
    return looks;
}

} // namespace

TEST_CASE("those who wait for long stop spinning, and begin again when waits get short", "[spin]")
{
    if (!vmtask::detail::has_several_processors()) return;
    adaptive_spin spin;
    CHECK(looks_of(spin) > 0);

    for (int i = 0; i < 10; ++i) spin.note(1h);
    CHECK(looks_of(spin) == 0);

    // At once, unless it was preempted at the begin; then after a while.
    for (int i = 0; i < 100; ++i) spin.note(1us);
    int looks = 0;
    for (int i = 0; i < 2000 && looks == 0; ++i) looks = looks_of(spin);
    CHECK(looks > 0);
}

TEST_CASE("spinning ends when there is something, or at the deadline", "[spin]")
{
    if (!vmtask::detail::has_several_processors()) return;
    adaptive_spin spin;
    CHECK(spin.until([] { return true; }, steady_clock::now()));
    int looks = 0;
    const auto begun = steady_clock::now();
    CHECK_FALSE(spin.until([&] { return ++looks < 0; }, begun, begun));
    CHECK(looks < 1000);
}
