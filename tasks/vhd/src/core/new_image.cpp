// SPDX-License-Identifier: BSL-1.0

#include "core/new_image.hpp"

#include <vmtask/vhd/error.hpp>

#include "core/big_endian.hpp"
#include "core/fail.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace vmtask::vhd::detail {

std::uint32_t seconds_since_2000()
{
    using namespace std::chrono;
    const auto since = system_clock::now() - sys_days{2000y / January / 1};
    return static_cast<std::uint32_t>(duration_cast<seconds>(since).count());
}

void check_new_size(const byte_store& store, std::uint64_t size)
{
    if (size == 0 || size % sector_size != 0 || size > largest_size_bytes)
        fail(store, errc::invalid_size, std::to_string(size) + " bytes");
}

void check_new_blocks(const byte_store& store, std::uint64_t size, std::uint32_t block_size)
{
    if (!is_block_size(block_size)) fail(store, errc::invalid_block_size, std::to_string(block_size) + " bytes");
    if ((size - 1) / block_size >= largest_table) fail(store, errc::table_too_large);
}

disk_footer make_new_footer(std::uint64_t size, disk_type type, const std::optional<uuid>& id,
                            std::optional<std::uint32_t> timestamp)
{
    disk_footer footer;
    if (type != disk_type::fixed) footer.data_offset = new_header_offset;
    footer.timestamp = timestamp ? *timestamp : seconds_since_2000();
    footer.creator_version = 0x000A'0000; // of Windows, whose rules for the size we follow
    footer.original_size = size;
    footer.current_size = size;
    footer.geometry = geometry_for(size / sector_size);
    footer.type = type;
    footer.id = id ? *id : make_uuid();
    return footer;
}

std::uint64_t write_table(byte_store& store, std::uint64_t offset, std::span<const std::uint32_t> table)
{
    constexpr std::size_t most = 16384;
    std::vector<std::byte> bytes;
    while (!table.empty()) {
        const auto part = table.first(std::min(table.size(), most));
        const std::size_t length = part.size() * sizeof(std::uint32_t);
        bytes.assign((length + sector_size - 1) / sector_size * sector_size, std::byte{0xFF});
        for (std::size_t i = 0; i < part.size(); ++i) put(bytes, i * sizeof(std::uint32_t), part[i]);
        store.write(offset, bytes);
        offset += bytes.size();
        table = table.subspan(part.size());
    }
    return offset;
}

std::uint64_t data_alignment(std::uint32_t block_size, std::size_t blocks) noexcept
{
    constexpr std::uint64_t page = 4096;
    const std::uint64_t padded = (stored_block_bytes(block_size) + page - 1) / page * page;
    const bool reaches_all = padded / sector_size * (blocks + 64) < unallocated;
    return block_size >= (512U << 10) && reaches_all ? page : sector_size;
}

} // namespace vmtask::vhd::detail
