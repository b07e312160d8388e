// SPDX-License-Identifier: BSL-1.0

#include "quantity.hpp"

#include "support/catch.hpp"

#include <stdexcept>
#include <string>

using namespace vmtask::cli;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("a size is a number of bytes, or of a power of 1024", "[cli]")
{
    CHECK(parse_size("1") == 1);
    CHECK(parse_size("512") == 512);
    CHECK(parse_size("2k") == 2048);
    CHECK(parse_size("2K") == 2048);
    CHECK(parse_size("3M") == 3U << 20);
    CHECK(parse_size("10G") == std::uint64_t{10} << 30);
    CHECK(parse_size("2T") == std::uint64_t{2} << 40);
    CHECK(parse_size("18446744073709551615") == UINT64_MAX);
    CHECK(parse_size("16777215T") == std::uint64_t{16777215} << 40);
}

TEST_CASE("a size that is none is refused", "[cli]")
{
    const std::string text = GENERATE("", "G", "x", "-1", "+1", " 1", "1 ", "1.5G", "1X", "1GB", "1KK", "0x10", "1e9");
    CAPTURE(text);
    CHECK_THROWS_WITH(parse_size(text), ContainsSubstring("is not a size"));
}

TEST_CASE("a size that does not fit into 64 bits is refused, not wrapped", "[cli]")
{
    const std::string text =
        GENERATE("18446744073709551616", "16777216T", "18014398509481984K", "99999999999999999999G");
    CAPTURE(text);
    CHECK_THROWS_WITH(parse_size(text), "is too large");
}

TEST_CASE("a disk has whole sectors, and at least one", "[cli]")
{
    CHECK(parse_disk_size("512") == 512);
    CHECK(parse_disk_size("1K") == 1024);
    CHECK_THROWS_WITH(parse_disk_size("511"), ContainsSubstring("multiple of 512"));
    CHECK_THROWS_WITH(parse_disk_size("1000"), ContainsSubstring("multiple of 512"));
    CHECK_THROWS_WITH(parse_disk_size("0"), ContainsSubstring("more than 0"));
    CHECK_THROWS_WITH(parse_disk_size("0G"), ContainsSubstring("more than 0"));
}

TEST_CASE("a size is shown in the unit that suits it", "[cli]")
{
    CHECK(format_size(0) == "0 bytes");
    CHECK(format_size(1) == "1 byte");
    CHECK(format_size(1023) == "1023 bytes");
    CHECK(format_size(1024) == "1 KiB");
    CHECK(format_size(1536) == "1.5 KiB");
    CHECK(format_size(2U << 20) == "2 MiB");
    CHECK(format_size((std::uint64_t{1} << 30) - 1) == "1 GiB");
    CHECK(format_size(std::uint64_t{2040} << 30) == "2 TiB");
    CHECK(format_size(UINT64_MAX) == "16 EiB");
}

TEST_CASE("a duration is shown as on a clock", "[cli]")
{
    CHECK(format_duration(0s) == "0:00");
    CHECK(format_duration(7900ms) == "0:07");
    CHECK(format_duration(750s) == "12:30");
    CHECK(format_duration(3723s) == "1:02:03");
    CHECK(format_duration(-5s) == "0:00");
    CHECK(format_duration(std::chrono::duration<double>(1e300)) == "999:00:00");
}

TEST_CASE("seconds are shown with a digit after the point where it says something", "[cli]")
{
    CHECK(format_seconds(5s) == "5 s");
    CHECK(format_seconds(340ms) == "0.3 s");
    CHECK(format_seconds(4ms) == "0 s");
}
