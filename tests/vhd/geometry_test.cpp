// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/geometry.hpp>

#include "support/catch.hpp"

#include <cstdint>

using namespace vmtask;

TEST_CASE("the geometry is the one that the specification calculates", "[vhd][geometry]")
{
    struct example {
        std::uint64_t sectors;
        vhd::geometry expected;
    };
    // On both sides of each of its limits.
    const auto [sectors, expected] = GENERATE(values<example>({
        {1, {0, 4, 17}},
        {67, {0, 4, 17}},
        {68, {1, 4, 17}},
        {20480, {301, 4, 17}},
        {69631, {1023, 4, 17}},
        {69632, {140, 16, 31}},
        {69649, {819, 5, 17}},
        {204800, {1003, 12, 17}},
        {278527, {1023, 16, 17}},
        {278528, {561, 16, 31}},
        {507903, {1023, 16, 31}},
        {507904, {503, 16, 63}},
        {2097152, {2080, 16, 63}},
        {66059279, {65534, 16, 63}},
        {66059280, {16191, 16, 255}},
        {267382799, {65534, 16, 255}},
        {267382800, {65535, 16, 255}},
        {267382801, {65535, 16, 255}},
        {4278190080, {65535, 16, 255}},
    }));

    CAPTURE(sectors);
    CHECK(vhd::geometry_for(sectors) == expected);
}

TEST_CASE("a geometry never describes more than the disk has", "[vhd][geometry]")
{
    for (std::uint64_t sectors = 1; sectors < vhd::largest_geometry.sectors() * 2; sectors = sectors * 9 / 8 + 1)
        REQUIRE(vhd::geometry_for(sectors).sectors() <= sectors);
}
