// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/map_image.hpp>

#include <algorithm>

namespace vmtask::vhd {

std::optional<mapped_range> next_range(const layout& disk, std::uint64_t guest_offset) noexcept
{
    const std::uint64_t size = disk.footer.current_size;
    if (guest_offset >= size) return std::nullopt;
    if (disk.footer.type == disk_type::fixed)
        return guest_offset == 0 ? std::optional(mapped_range{0, size, 0}) : std::nullopt;

    const std::uint64_t block_size = disk.header.block_size;
    const std::uint64_t blocks = std::min<std::uint64_t>((size - 1) / block_size + 1, disk.table.size());
    for (std::uint64_t block = (guest_offset + block_size - 1) / block_size; block < blocks; ++block) {
        if (disk.table[block] == unallocated) continue;
        const std::uint64_t begin = block * block_size;
        return mapped_range{begin, std::min(block_size, size - begin),
                            std::uint64_t{disk.table[block]} * sector_size + disk.bitmap_bytes()};
    }
    return std::nullopt;
}

} // namespace vmtask::vhd
