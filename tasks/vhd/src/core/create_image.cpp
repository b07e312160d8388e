// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/create_image.hpp>
#include <vmtask/vhd/dynamic_header.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/format.hpp>

#include "core/fail.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <string>

namespace vmtask::vhd {

namespace {

using detail::fail;

constexpr std::uint64_t header_offset = sector_size;
constexpr std::uint64_t table_offset = header_offset + dynamic_header_size;

std::uint32_t seconds_since_2000()
{
    using namespace std::chrono;
    const auto since = system_clock::now() - sys_days{2000y / January / 1};
    return static_cast<std::uint32_t>(duration_cast<seconds>(since).count());
}

void check(const byte_store& store, const create_options& options)
{
    const std::uint64_t size = options.size_bytes;
    if (size == 0 || size % sector_size != 0 || size > largest_size_bytes)
        fail(store, errc::invalid_size, std::to_string(size) + " bytes");
    if (!is_block_size(options.block_size_bytes))
        fail(store, errc::invalid_block_size, std::to_string(options.block_size_bytes) + " bytes");
    if ((size - 1) / options.block_size_bytes >= largest_table) fail(store, errc::table_too_large);
}

disk_footer make_footer(const create_options& options)
{
    disk_footer footer;
    footer.data_offset = header_offset;
    footer.timestamp = options.timestamp ? *options.timestamp : seconds_since_2000();
    footer.creator_version = 0x000A'0000; // of Windows, whose rules for the size we follow
    footer.original_size = options.size_bytes;
    footer.current_size = options.size_bytes;
    footer.geometry = geometry_for(options.size_bytes / sector_size);
    footer.type = disk_type::dynamic;
    footer.id = options.id ? *options.id : make_uuid();
    return footer;
}

/// Writes a table of blocks without a place; returns where it ends.
std::uint64_t write_empty_table(byte_store& store, std::uint32_t entries)
{
    std::array<std::byte, 65536> unused{};
    unused.fill(std::byte{0xFF});
    const std::uint64_t length = entries * std::uint64_t{sizeof(std::uint32_t)};
    const std::uint64_t end = table_offset + (length + sector_size - 1) / sector_size * sector_size;
    for (std::uint64_t at = table_offset; at < end;) {
        const auto piece = std::min<std::uint64_t>(unused.size(), end - at);
        store.write(at, std::span(unused).first(piece));
        at += piece;
    }
    return end;
}

} // namespace

create_report create_image(byte_store& store, const create_options& options)
{
    check(store, options);
    dynamic_header header;
    header.table_offset = table_offset;
    header.block_size = options.block_size_bytes;
    header.max_table_entries = static_cast<std::uint32_t>((options.size_bytes - 1) / options.block_size_bytes + 1);

    const sector footer = encode(make_footer(options));
    store.write(0, footer);
    store.write(header_offset, encode(header));
    const std::uint64_t end = write_empty_table(store, header.max_table_entries);
    store.write(end, footer);
    store.flush();
    return {options.size_bytes, end + sector_size};
}

} // namespace vmtask::vhd
