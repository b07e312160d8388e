// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/zero.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <span>
#include <vector>

using namespace vmtask;

TEST_CASE("no bytes are zero", "[vhd][zero]")
{
    CHECK(vhd::is_zero({}));
}

TEST_CASE("one byte that is not zero is found wherever it is", "[vhd][zero]")
{
    for (const std::size_t size : {1U, 2U, 7U, 64U, 512U, 1000U}) {
        std::vector<std::byte> bytes(size);
        REQUIRE(vhd::is_zero(bytes));
        for (std::byte& one : bytes) {
            one = std::byte{0x80};
            REQUIRE_FALSE(vhd::is_zero(bytes));
            one = std::byte{};
        }
    }
}

TEST_CASE("bytes that are all alike are zero only if they are", "[vhd][zero]")
{
    CHECK_FALSE(vhd::is_zero(std::vector<std::byte>(4096, std::byte{1})));
}
