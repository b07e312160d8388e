// SPDX-License-Identifier: BSL-1.0

#include "progress_line.hpp"

#include "support/catch.hpp"

#include <chrono>

using namespace vmtask;
using namespace vmtask::cli;
using namespace std::chrono_literals;

namespace {

progress_snapshot half_way()
{
    progress_snapshot now;
    now.fraction = 0.5;
    now.done = std::uint64_t{1} << 30;
    now.total = std::uint64_t{2} << 30;
    now.unit = "bytes";
    now.step = "moving blocks";
    return now;
}

pace hundred_mebibytes_a_second()
{
    pace speed;
    const pace::clock::time_point start{1000s};
    speed.update((std::uint64_t{1} << 30) - (100U << 20), std::uint64_t{2} << 30, start);
    speed.update(std::uint64_t{1} << 30, std::uint64_t{2} << 30, start + 1s);
    return speed;
}

} // namespace

TEST_CASE("a line of progress has percent, amount, rate, time left and step", "[cli]")
{
    CHECK(progress_line(half_way(), hundred_mebibytes_a_second())
          == " 50 %  1 GiB of 2 GiB, 100 MiB/s, 0:10 left: moving blocks");
}

TEST_CASE("what is not known yet is not in the line", "[cli]")
{
    CHECK(progress_line(half_way(), {}) == " 50 %  1 GiB of 2 GiB: moving blocks");
    CHECK(progress_line({}, {}) == "  0 %");
}

TEST_CASE("a bar is as full as the work is done", "[cli]")
{
    const pace speed = hundred_mebibytes_a_second();
    CHECK(progress_bar(half_way(), speed, 101)
          == "[##########----------]  50 %  1 GiB of 2 GiB, 100 MiB/s, 0:10 left: moving blocks");
    progress_snapshot now = half_way();
    now.fraction = 0;
    CHECK(progress_bar(now, speed, 101).substr(0, 22) == "[--------------------]");
    now.fraction = 1;
    CHECK(progress_bar(now, speed, 101).substr(0, 22) == "[####################]");
}

TEST_CASE("a bar leaves the last column of the terminal free, however narrow that is", "[cli]")
{
    const std::size_t width = GENERATE(0U, 1U, 2U, 10U, 40U, 51U, 60U, 80U, 300U);
    CAPTURE(width);
    const std::string bar = progress_bar(half_way(), hundred_mebibytes_a_second(), width);
    CHECK(bar.size() + 1 <= std::max<std::size_t>(width, 1));
}

TEST_CASE("what a step is called cannot move the cursor", "[cli]")
{
    progress_snapshot now;
    now.step = "a\nb\033[2Jc";
    CHECK(progress_line(now, {}) == "  0 %: a\\nb\\x1b[2Jc");
}
