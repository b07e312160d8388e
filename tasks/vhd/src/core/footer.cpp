// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/footer.hpp>

#include "core/big_endian.hpp"

#include <algorithm>
#include <random>
#include <string_view>

namespace vmtask::vhd {

namespace {

using detail::get;
using detail::put;

constexpr std::string_view cookie = "conectix";
constexpr std::size_t checksum_field = 64;

} // namespace

std::string to_string(const uuid& id)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < id.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += digits[std::to_integer<std::size_t>(id[i] >> 4)];
        text += digits[std::to_integer<std::size_t>(id[i] & std::byte{15})];
    }
    return text;
}

uuid make_uuid()
{
    std::random_device random;
    uuid id;
    std::ranges::generate(id, [&] { return static_cast<std::byte>(random() & 0xFF); });
    id[6] = (id[6] & std::byte{0x0F}) | std::byte{0x40};
    id[8] = (id[8] & std::byte{0x3F}) | std::byte{0x80};
    return id;
}

sector encode(const disk_footer& footer)
{
    sector bytes{};
    detail::put_text(bytes, 0, cookie);
    put(bytes, 8, footer.features);
    put(bytes, 12, footer.version);
    put(bytes, 16, footer.data_offset);
    put(bytes, 24, footer.timestamp);
    detail::put_text(bytes, 28, footer.creator_application);
    put(bytes, 32, footer.creator_version);
    detail::put_text(bytes, 36, footer.creator_host_os);
    put(bytes, 40, footer.original_size);
    put(bytes, 48, footer.current_size);
    put(bytes, 56, footer.geometry.cylinders);
    put(bytes, 58, footer.geometry.heads);
    put(bytes, 59, footer.geometry.sectors_per_track);
    put(bytes, 60, static_cast<std::uint32_t>(footer.type));
    std::ranges::copy(footer.id, bytes.begin() + 68);
    put(bytes, 84, footer.saved_state);
    put(bytes, checksum_field, checksum(bytes, checksum_field));
    return bytes;
}

std::error_code check_footer(std::span<const std::byte, sector_size> bytes)
{
    if (!std::ranges::equal(detail::get_text<cookie.size()>(bytes, 0), cookie)) return errc::not_a_vhd;
    if (get<std::uint32_t>(bytes, checksum_field) != checksum(bytes, checksum_field)) return errc::bad_footer_checksum;
    // Only a new major version may mean something else by the same fields.
    if (get<std::uint16_t>(bytes, 12) != 1) return errc::unsupported_version;
    return {};
}

disk_footer decode_footer(std::span<const std::byte, sector_size> bytes)
{
    disk_footer footer;
    footer.features = get<std::uint32_t>(bytes, 8);
    footer.version = get<std::uint32_t>(bytes, 12);
    footer.data_offset = get<std::uint64_t>(bytes, 16);
    footer.timestamp = get<std::uint32_t>(bytes, 24);
    footer.creator_application = detail::get_text<4>(bytes, 28);
    footer.creator_version = get<std::uint32_t>(bytes, 32);
    footer.creator_host_os = detail::get_text<4>(bytes, 36);
    footer.original_size = get<std::uint64_t>(bytes, 40);
    footer.current_size = get<std::uint64_t>(bytes, 48);
    footer.geometry.cylinders = get<std::uint16_t>(bytes, 56);
    footer.geometry.heads = get<std::uint8_t>(bytes, 58);
    footer.geometry.sectors_per_track = get<std::uint8_t>(bytes, 59);
    footer.type = static_cast<disk_type>(get<std::uint32_t>(bytes, 60));
    std::ranges::copy(bytes.subspan(68, footer.id.size()), footer.id.begin());
    footer.saved_state = get<std::uint8_t>(bytes, 84);
    return footer;
}

} // namespace vmtask::vhd
