// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/dynamic_header.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/footer.hpp>
#include <vmtask/vhd/format.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace vmtask;
using vhd::errc;

namespace {

/// `text` in hexadecimal, spaces ignored, at the start of `size` bytes.
std::vector<std::byte> bytes_of(std::string_view text, std::size_t size)
{
    std::string digits(text);
    std::erase(digits, ' ');
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < digits.size() / 2; ++i)
        bytes[i] = static_cast<std::byte>(std::stoi(digits.substr(2 * i, 2), nullptr, 16));
    return bytes;
}

// Of an image of 10 MiB that qemu-img 7.2 made.
const auto qemu_footer =
    bytes_of("636f6e6563746978 00000002 00010000 0000000000000200 32962efd 71656d75 00050003 5769326b"
             "0000000000a07000 0000000000a07000 012e 04 11 00000003 ffffecd3"
             "476656f2dcbb4221ab933cf6278ecf70 00",
             512);
const auto qemu_header =
    bytes_of("6378737061727365 ffffffffffffffff 0000000000000600 00010000 00000006 00200000 fffff471", 1024);

auto footer_span(std::vector<std::byte>& bytes)
{
    return std::span<const std::byte, vhd::sector_size>(bytes.data(), vhd::sector_size);
}

auto header_span(std::vector<std::byte>& bytes)
{
    return std::span<const std::byte, vhd::dynamic_header_size>(bytes.data(), vhd::dynamic_header_size);
}

} // namespace

TEST_CASE("the fields of a footer are where the specification has them", "[vhd][format]")
{
    auto bytes = qemu_footer;
    CHECK_FALSE(vhd::check_footer(footer_span(bytes)));
    const vhd::disk_footer footer = vhd::decode_footer(footer_span(bytes));

    CHECK(footer.features == 2);
    CHECK(footer.version == 0x00010000);
    CHECK(footer.data_offset == 512);
    CHECK(footer.timestamp == 0x32962EFD);
    CHECK(std::ranges::equal(footer.creator_application, std::string_view("qemu")));
    CHECK(footer.creator_version == 0x00050003);
    CHECK(std::ranges::equal(footer.creator_host_os, std::string_view("Wi2k")));
    CHECK(footer.original_size == 0xA07000);
    CHECK(footer.current_size == 0xA07000);
    CHECK(footer.geometry == vhd::geometry{302, 4, 17});
    CHECK(footer.type == vhd::disk_type::dynamic);
    CHECK(vhd::to_string(footer.id) == "476656f2-dcbb-4221-ab93-3cf6278ecf70");
    CHECK(footer.saved_state == 0);

    bytes[84] = std::byte{1};
    CHECK(vhd::decode_footer(footer_span(bytes)).saved_state == 1);
}

TEST_CASE("a footer is written as it was read", "[vhd][format]")
{
    auto bytes = qemu_footer;
    CHECK(std::ranges::equal(vhd::encode(vhd::decode_footer(footer_span(bytes))), bytes));

    vhd::disk_footer footer = vhd::decode_footer(footer_span(bytes));
    footer.original_size = 0x0102030405060708;
    footer.saved_state = 1;
    footer.type = vhd::disk_type::differencing;
    CHECK(vhd::decode_footer(vhd::encode(footer)) == footer);
}

TEST_CASE("any change of a footer is noticed", "[vhd][format]")
{
    for (std::size_t at = 0; at < vhd::sector_size; ++at) {
        auto bytes = qemu_footer;
        bytes[at] ^= std::byte{0x10};
        const errc expected = at < 8 ? errc::not_a_vhd : errc::bad_footer_checksum;
        REQUIRE(vhd::check_footer(footer_span(bytes)) == expected);
    }
}

TEST_CASE("a new major version of a footer is unknown, a minor one is not", "[vhd][format]")
{
    auto bytes = qemu_footer;
    vhd::disk_footer footer = vhd::decode_footer(footer_span(bytes));
    footer.version = 0x0001'0007;
    CHECK_FALSE(vhd::check_footer(vhd::encode(footer)));
    footer.version = 0x0002'0000;
    CHECK(vhd::check_footer(vhd::encode(footer)) == errc::unsupported_version);
}

TEST_CASE("the fields of a header are where the specification has them", "[vhd][format]")
{
    auto bytes = qemu_header;
    CHECK_FALSE(vhd::check_header(header_span(bytes)));
    const vhd::dynamic_header header = vhd::decode_header(header_span(bytes));

    CHECK(header.data_offset == ~0ULL);
    CHECK(header.table_offset == 1536);
    CHECK(header.version == 0x00010000);
    CHECK(header.max_table_entries == 6);
    CHECK(header.block_size == 2U << 20);
    CHECK(header.parent_name.empty());
    CHECK(std::ranges::equal(vhd::encode(header), bytes));
}

TEST_CASE("a header's parent is where the specification has it", "[vhd][format]")
{
    vhd::dynamic_header header;
    header.parent_id[15] = std::byte{0xAB};
    header.parent_timestamp = 0x01020304;
    header.parent_name = u"b\u00E4se.vhd";
    header.parent_locators[7] = {0x57327275, 512, 20, 0x0102030405060708};
    const auto bytes = vhd::encode(header);

    CHECK(bytes[55] == std::byte{0xAB});
    CHECK(bytes[56] == std::byte{1});
    CHECK((bytes[64] == std::byte{0} && bytes[65] == std::byte{'b'}));
    CHECK((bytes[66] == std::byte{0} && bytes[67] == std::byte{0xE4}));
    CHECK(bytes[576 + 7 * 24] == std::byte{'W'});
    CHECK(bytes[576 + 7 * 24 + 6] == std::byte{2});
    CHECK(bytes[576 + 7 * 24 + 11] == std::byte{20});
    CHECK(bytes[576 + 7 * 24 + 16] == std::byte{1});
    CHECK(vhd::decode_header(bytes) == header);
}

TEST_CASE("a parent's name may fill its field", "[vhd][format]")
{
    vhd::dynamic_header header;
    header.parent_name.assign(256, u'x');
    CHECK(vhd::decode_header(vhd::encode(header)) == header);
}

TEST_CASE("any change of a header is noticed", "[vhd][format]")
{
    for (std::size_t at = 0; at < vhd::dynamic_header_size; ++at) {
        auto bytes = qemu_header;
        bytes[at] ^= std::byte{0x10};
        const errc expected = at < 8 ? errc::bad_header : errc::bad_header_checksum;
        REQUIRE(vhd::check_header(header_span(bytes)) == expected);
    }
}

TEST_CASE("a new major version of a header is unknown", "[vhd][format]")
{
    vhd::dynamic_header header;
    header.version = 0x0002'0000;
    CHECK(vhd::check_header(vhd::encode(header)) == errc::unsupported_version);
}

TEST_CASE("a bitmap has a bit for each sector and fills whole sectors", "[vhd][format]")
{
    CHECK(vhd::bitmap_bytes(512) == 512);
    CHECK(vhd::bitmap_bytes(512U << 10) == 512);
    CHECK(vhd::bitmap_bytes(2U << 20) == 512);
    CHECK(vhd::bitmap_bytes(4U << 20) == 1024);
    CHECK(vhd::stored_block_bytes(2U << 20) == 4097 * 512);
}

TEST_CASE("a block's size is a power of two and holds a sector", "[vhd][format]")
{
    CHECK(vhd::is_block_size(512));
    CHECK(vhd::is_block_size(2U << 20));
    CHECK(vhd::is_block_size(1U << 31));
    CHECK_FALSE(vhd::is_block_size(0));
    CHECK_FALSE(vhd::is_block_size(256));
    CHECK_FALSE(vhd::is_block_size(3U << 20));
}

TEST_CASE("identities are random, and say that they are", "[vhd][format]")
{
    const vhd::uuid id = vhd::make_uuid();
    CHECK(vhd::make_uuid() != id);
    CHECK(vhd::to_string(id)[14] == '4');
    CHECK(std::string_view("89ab").find(vhd::to_string(id)[19]) != std::string_view::npos);
}
