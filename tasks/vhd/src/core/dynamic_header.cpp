// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/dynamic_header.hpp>
#include <vmtask/vhd/error.hpp>

#include "core/big_endian.hpp"

#include <algorithm>
#include <string_view>

namespace vmtask::vhd {

namespace {

using detail::get;
using detail::put;

constexpr std::string_view cookie = "cxsparse";
constexpr std::size_t checksum_field = 36;
constexpr std::size_t name_field = 64;
constexpr std::size_t name_units = 256;
constexpr std::size_t locators_field = 576;
constexpr std::size_t locator_size = 24;

void put_locator(std::span<std::byte> bytes, const parent_locator& locator)
{
    put(bytes, 0, locator.code);
    put(bytes, 4, locator.data_space);
    put(bytes, 8, locator.data_length);
    put(bytes, 16, locator.data_offset);
}

parent_locator get_locator(std::span<const std::byte> bytes)
{
    return {get<std::uint32_t>(bytes, 0), get<std::uint32_t>(bytes, 4), get<std::uint32_t>(bytes, 8),
            get<std::uint64_t>(bytes, 16)};
}

std::u16string get_name(std::span<const std::byte> bytes)
{
    std::u16string name;
    for (std::size_t i = 0; i < name_units; ++i) {
        const auto unit = get<std::uint16_t>(bytes, name_field + 2 * i);
        if (unit == 0) break;
        name += static_cast<char16_t>(unit);
    }
    return name;
}

} // namespace

std::array<std::byte, dynamic_header_size> encode(const dynamic_header& header)
{
    std::array<std::byte, dynamic_header_size> bytes{};
    detail::put_text(bytes, 0, cookie);
    put(bytes, 8, header.data_offset);
    put(bytes, 16, header.table_offset);
    put(bytes, 24, header.version);
    put(bytes, 28, header.max_table_entries);
    put(bytes, 32, header.block_size);
    std::ranges::copy(header.parent_id, bytes.begin() + 40);
    put(bytes, 56, header.parent_timestamp);
    for (std::size_t i = 0; i < std::min(header.parent_name.size(), name_units); ++i)
        put(bytes, name_field + 2 * i, static_cast<std::uint16_t>(header.parent_name[i]));
    for (std::size_t i = 0; i < header.parent_locators.size(); ++i)
        put_locator(std::span(bytes).subspan(locators_field + i * locator_size, locator_size),
                    header.parent_locators[i]);
    put(bytes, checksum_field, checksum(bytes, checksum_field));
    return bytes;
}

std::error_code check_header(std::span<const std::byte, dynamic_header_size> bytes)
{
    if (!std::ranges::equal(detail::get_text<cookie.size()>(bytes, 0), cookie)) return errc::bad_header;
    if (get<std::uint32_t>(bytes, checksum_field) != checksum(bytes, checksum_field)) return errc::bad_header_checksum;
    if (get<std::uint16_t>(bytes, 24) != 1) return errc::unsupported_version;
    return {};
}

dynamic_header decode_header(std::span<const std::byte, dynamic_header_size> bytes)
{
    dynamic_header header;
    header.data_offset = get<std::uint64_t>(bytes, 8);
    header.table_offset = get<std::uint64_t>(bytes, 16);
    header.version = get<std::uint32_t>(bytes, 24);
    header.max_table_entries = get<std::uint32_t>(bytes, 28);
    header.block_size = get<std::uint32_t>(bytes, 32);
    std::ranges::copy(bytes.subspan(40, header.parent_id.size()), header.parent_id.begin());
    header.parent_timestamp = get<std::uint32_t>(bytes, 56);
    header.parent_name = get_name(bytes);
    for (std::size_t i = 0; i < header.parent_locators.size(); ++i)
        header.parent_locators[i] = get_locator(bytes.subspan(locators_field + i * locator_size, locator_size));
    return header;
}

} // namespace vmtask::vhd
