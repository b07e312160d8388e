// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "support/vhd/program.hpp"

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

using namespace vmtask::test;

namespace {

std::vector<std::string> lines_of(const std::string& text)
{
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

std::ptrdiff_t place_of(const std::vector<std::string>& lines, const std::string& line)
{
    const auto found = std::find(lines.begin(), lines.end(), line);
    INFO("looking for: " << line);
    REQUIRE(found != lines.end());
    return found - lines.begin();
}

} // namespace

TEST_CASE("the resources example checks each disk before it compacts it, two disks at a time", "[examples]")
{
    const outcome result = run({EXAMPLE_resources});
    INFO(result.output);
    REQUIRE(result.code == 0);
    const auto lines = lines_of(result.output);
    for (const std::string disk : {"a.vhd", "b.vhd", "c.vhd"})
        CHECK(place_of(lines, "end check " + disk) < place_of(lines, "begin compact " + disk));
    int under_way = 0;
    for (const auto& line : lines) {
        if (line.starts_with("begin ") && !line.ends_with("merge a.vhd")) ++under_way;
        if (line.starts_with("end ") && !line.ends_with("merge a.vhd")) --under_way;
        CHECK(under_way <= 2);
    }
    for (const std::string disk : {"a.vhd", "b.vhd", "c.vhd"})
        CHECK(place_of(lines, "end compact " + disk) < place_of(lines, "maintenance succeeded"));
}

TEST_CASE("the resources example ends at once when it changes its mind", "[examples]")
{
    const outcome result = run({EXAMPLE_resources, "--cancel"});
    INFO(result.output);
    CHECK(result.code == 1);
    const auto lines = lines_of(result.output);
    // The merge is nobody's part, and may still be at work.
    for (auto line = lines.begin() + place_of(lines, "maintenance cancelled") + 1; line != lines.end(); ++line)
        CHECK(line->ends_with("merge a.vhd"));
}
