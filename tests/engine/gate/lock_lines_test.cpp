// SPDX-License-Identifier: BSL-1.0
#include "gate/lock_lines.hpp"

#include "support/catch.hpp"

#include <cstddef>
#include <string>
#include <vector>

using vmtask::detail::claim_line;
using vmtask::detail::lock_lines;

namespace {

claim_line* find(const lock_lines& lines, const std::string& name)
{
    return lines.find(name, lock_lines::hash_of(name));
}

} // namespace

TEST_CASE("each name has one line, however many there are", "[claim]")
{
    constexpr int count = 1000;
    const auto name_of = [](int number) { return "disk " + std::to_string(number); };
    lock_lines lines;
    std::vector<claim_line*> made;
    CHECK(find(lines, name_of(0)) == nullptr);
    for (int i = 0; i < count; ++i) made.push_back(&lines.find_or_add(name_of(i), lock_lines::hash_of(name_of(i))));
    for (int i = 0; i < count; ++i)
        REQUIRE(&lines.find_or_add(name_of(i), lock_lines::hash_of(name_of(i))) == made[static_cast<std::size_t>(i)]);

    for (int i = 0; i < count; i += 2) lines.remove(*made[static_cast<std::size_t>(i)]);
    for (int i = 0; i < count; ++i)
        REQUIRE(find(lines, name_of(i)) == (i % 2 == 0 ? nullptr : made[static_cast<std::size_t>(i)]));
    CHECK_FALSE(lines.empty());
    for (int i = 1; i < count; i += 2) lines.remove(*made[static_cast<std::size_t>(i)]);
    CHECK(lines.empty());
}

TEST_CASE("names of one hash have a line each", "[claim]")
{
    constexpr std::size_t hash = 7;
    lock_lines lines;
    claim_line& one = lines.find_or_add("a", hash);
    claim_line& other = lines.find_or_add("b", hash);
    CHECK(&one != &other);
    CHECK(lines.find("a", hash) == &one);
    lines.remove(one);
    CHECK(lines.find("a", hash) == nullptr);
    CHECK(lines.find("b", hash) == &other);
}
